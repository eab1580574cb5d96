//! What a receiving function's own binary writes while it takes every sample: at the most that it may tell,
//! nothing private.

use crate::private::{Private, sample_files};
use quittance_aws::schema;
use serde_json::Value;

use super::invoke;
use crate::engine::Engine;

/// Plays the samples of a PSP to the function at each way of logging.
pub async fn nothing_private_is_logged(binary: &str, psp: &str, keys: (&str, &str)) {
    let private = Private::of_samples();
    for (level, format, written) in [
        // More than debug is turned down to debug, because the Lambda runtime prints events at trace.
        (("AWS_LAMBDA_LOG_LEVEL", "TRACE"), "JSON", "\"level\":\"DEBUG\""),
        (("RUST_LOG", "trace"), "Text", "DEBUG"),
        (("AWS_LAMBDA_LOG_LEVEL", "INFO"), "JSON", "\"level\":\"INFO\""),
    ] {
        let engine = Engine::start().await;
        let (orders, archive) = (engine.table("orders"), engine.table("archive"));
        schema::create_orders(&engine.client(), &orders).await.unwrap();
        schema::create_archive(&engine.client(), &archive).await.unwrap();
        let environment = [
            level,
            keys,
            ("AWS_LAMBDA_LOG_FORMAT", format),
            ("AWS_ENDPOINT_URL_DYNAMODB", engine.url()),
            ("QUITTANCE_TABLE", &orders),
            ("QUITTANCE_ARCHIVE_TABLE", &archive),
            ("QUITTANCE_STACK", "logs"),
        ];
        let files = sample_files().into_iter().filter(|file| file.parent().unwrap().ends_with(psp));
        let events: Vec<String> =
            files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let count = events.len();
        let said = invoke(binary, &environment, events).await;

        let status = |answer: &Value| answer["statusCode"].as_u64().unwrap_or(0);
        let taken = said.answers.iter().filter(|answer| status(answer) == 200).count();
        assert!(taken > count * 3 / 4, "{taken} of {count} are taken: {:#?}", said.answers);
        let told = said.output.lines().count();
        assert!(told > count / 2 && said.output.contains(written), "{level:?}: {}", said.output);
        assert!(!said.output.contains("TRACE"), "{level:?}");
        // A compressed body in a request of the SDK's would pass the search for what is in it.
        assert!(!said.output.contains("TableName"), "{level:?}: no request is logged");
        assert_eq!(private.found_in(&said.output), Vec::<String>::new(), "{level:?} {format}");
    }
}
