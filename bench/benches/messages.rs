//! Verify and read, per message and core: `cargo bench -p quittance-bench`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quittance_bench::{Receiver, messages};

fn receive(criterion: &mut Criterion) {
    let receiver = Receiver::default();
    let mut group = criterion.benchmark_group("receive");
    for message in messages() {
        group.throughput(Throughput::Elements(1));
        group.bench_function(message.name, |bencher| {
            bencher.iter(|| receiver.receive(black_box(&message)));
        });
    }
    group.finish();
}

criterion_group!(benches, receive);
criterion_main!(benches);
