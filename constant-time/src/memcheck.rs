//! Words to valgrind's memcheck, as `valgrind/memcheck.h` writes them: a sequence of instructions that changes
//! nothing, and that valgrind takes for a request when it comes across it.
//!
//! What is poisoned here is memory that memcheck takes for uninitialised. It follows that through every operation,
//! and reports each jump that depends on it, and each address.

/// Asks of memcheck, from its headers.
mod request {
    pub(super) const RUNNING_ON_VALGRIND: usize = 0x1001;
    pub(super) const COUNT_ERRORS: usize = 0x1201;
    const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
    pub(super) const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
    pub(super) const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;
    pub(super) const GET_VBITS: usize = MEMCHECK + 8;
}

/// Whether memcheck, or another tool of valgrind's, is watching.
pub fn is_watching() -> bool {
    ask(request::RUNNING_ON_VALGRIND, [0; 5]) != 0
}

/// How often it has complained so far.
pub fn complaints() -> usize {
    ask(request::COUNT_ERRORS, [0; 5])
}

/// Makes a secret of these bytes. They keep their values.
pub fn poison(bytes: &[u8]) {
    ask(request::MAKE_MEM_UNDEFINED, [bytes.as_ptr().expose_provenance(), bytes.len(), 0, 0, 0]);
}

/// How many of these bytes are made of a secret.
pub fn secret(bytes: &[u8]) -> usize {
    let mut bits = vec![0_u8; bytes.len()];
    ask(
        request::GET_VBITS,
        [
            bytes.as_ptr().expose_provenance(),
            bits.as_mut_ptr().expose_provenance(),
            bytes.len(),
            0,
            0,
        ],
    );
    std::hint::black_box(&bits).iter().filter(|bits| **bits != 0).count()
}

/// The same byte, which is no secret any more.
pub fn declassify(byte: u8) -> u8 {
    // Mutable, so that it is read back: a copy in a register would stay a secret.
    let mut told = std::hint::black_box([byte]);
    ask(request::MAKE_MEM_DEFINED, [told.as_mut_ptr().expose_provenance(), told.len(), 0, 0, 0]);
    std::hint::black_box(told)[0]
}

/// What valgrind answers, 0 where nobody listens. Its memory of these addresses may change, and `GET_VBITS` writes
/// to the second one as many bytes as there are at the first: whoever calls exposes their provenance, or the compiler
/// would take it that nobody can.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the request is a sequence of instructions")]
fn ask(request: usize, [a, b, c, d, e]: [usize; 5]) -> usize {
    let words = [request, a, b, c, d, e];
    let mut answer = 0_usize;
    // SAFETY: the four rotations add up to 128 bits and leave rdi as it was, the exchange is of a register with
    // itself. Under valgrind rdx alone is written, and memory of the callers above, which they own.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &raw const words,
            inout("rdx") answer,
        );
    }
    answer
}

/// The same for 64-bit ARM.
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "the request is a sequence of instructions")]
fn ask(request: usize, [a, b, c, d, e]: [usize; 5]) -> usize {
    let words = [request, a, b, c, d, e];
    let mut answer = 0_usize;
    // SAFETY: the four rotations add up to 128 bits and leave x12 as it was, the or is of a register with itself.
    // Under valgrind x3 alone is written, and memory of the callers above, which they own.
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3", "ror x12, x12, #13", "ror x12, x12, #51", "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") &raw const words,
            inout("x3") answer,
        );
    }
    answer
}

/// Elsewhere nobody listens.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn ask(_: usize, _: [usize; 5]) -> usize {
    0
}
