//! The routes as OpenAPI 3.1.

use quittance_core::bodies::{
    AskBody, CancellationBody, CaptureBody, CheckoutBody, ExpectedBody, Explained, Failure,
    OrderList, RefundBody, RefundList, Started, Unplanned,
};
use quittance_core::desk::{RefundView, ReserveView};
use quittance_core::provider::Profile;
use quittance_core::schemars::generate::SchemaSettings;
use quittance_core::{OrderView, State};
use quittance_psp::PROVIDERS;
use serde_json::{Map, Value, json};

use crate::book::{Book, OPEN};

/// The page that tells of every route.
const PAGE: &str = "docs/interface.md";

/// The document.
pub(crate) fn document() -> Value {
    let mut book = Book::new(SchemaSettings::draft2020_12);
    let mut paths = Paths::default();
    for profile in PROVIDERS.iter().map(|provider| provider.profile()) {
        webhook(&mut paths, profile);
        if profile.api_variable.is_some() {
            returns(&mut paths, &mut book, profile);
        }
    }
    orders(&mut paths, &mut book);
    payments(&mut paths, &mut book);
    money(&mut paths, &mut book);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Quittance",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "What has been paid of each order, and what is done with the money. Amounts are whole numbers in the minor \
                 unit of their currency. {OPEN} What is posted has no other members than those here."
            ),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [
            {"url": "http://127.0.0.1:9000", "description": "The local stack, which asks nobody who he is."},
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com",
                "description": "A deployed stack.",
                "variables": {
                    "api": {"default": "api", "description": "The id of the stack's HTTP API."},
                    "region": {"default": "eu-west-3"},
                },
            },
        ],
        "security": [{"iam": []}],
        "tags": [
            {"name": "notifications", "description": "For the payment service providers and the buyers that they send back."},
            {"name": "orders", "description": "What has been paid."},
            {"name": "payments", "description": "What is to be paid."},
            {"name": "money", "description": "Refunds, captures, cancellations."},
        ],
        "paths": paths.0,
        "components": {
            "schemas": book.definitions(),
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4 for the service `execute-api`, by whom IAM lets.",
                },
            },
        },
    })
}

#[derive(Default)]
struct Paths(Map<String, Value>);

/// One route.
struct Operation<'a> {
    id: &'a str,
    tag: &'a str,
    /// Where docs/interface.md tells of it.
    section: &'a str,
    summary: &'a str,
    /// What is in the path, the query and the headers.
    parameters: Vec<Value>,
    /// What is posted: media type and schema.
    body: Option<(&'a str, Value)>,
    answers: Vec<(u16, Value)>,
    /// Whether it is for everybody, because a signature decides.
    is_open: bool,
}

impl Paths {
    fn add(&mut self, path: &str, method: &str, operation: Operation<'_>) {
        let Operation { id, tag, section, summary, parameters, body, answers, is_open } = operation;
        let answers = answers.into_iter().map(|(status, answer)| (status.to_string(), answer));
        let mut shown = json!({
            "operationId": id,
            "tags": [tag],
            "summary": summary,
            "externalDocs": {"url": format!("../{}#{section}", PAGE.trim_start_matches("docs/"))},
            "responses": answers.collect::<Map<_, _>>(),
        });
        if !parameters.is_empty() {
            shown["parameters"] = json!(parameters);
        }
        if let Some((media_type, schema)) = body {
            shown["requestBody"] =
                json!({"required": true, "content": {media_type: {"schema": schema}}});
        }
        if is_open {
            shown["security"] = json!([]);
        }
        let path = self.0.entry(path).or_insert_with(|| json!({}));
        let other = path.as_object_mut().unwrap().insert(method.to_owned(), shown);
        assert!(other.is_none(), "{id} is there twice");
    }
}

const JSON: &str = "application/json";

fn content(media_type: &str, schema: &Value, description: &str) -> Value {
    json!({"description": description, "content": {media_type: {"schema": schema}}})
}

fn as_json(schema: &Value, description: &str) -> Value {
    content(JSON, schema, description)
}

fn text(description: &str) -> Value {
    content("text/plain; charset=utf-8", &json!({"type": "string"}), description)
}

/// Another method: what a program never sees that keeps to these routes.
fn wrong_method(mut answer: Value) -> (u16, Value) {
    answer["headers"] = json!({"allow": {"description": "The methods of the route.", "schema": {"type": "string"}}});
    (405, answer)
}

/// A parameter that has to be there.
fn parameter(place: &str, name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": place, "description": description, "required": true, "schema": schema})
}

fn optional(mut parameter: Value) -> Value {
    parameter["required"] = json!(false);
    parameter
}

fn webhook(paths: &mut Paths, profile: &Profile) {
    let word = profile.id.as_str();
    let id = |what: &str| format!("{what}{}{}", word[..1].to_uppercase(), &word[1..]);
    let header = |name: &&str| {
        parameter("header", name, "What proves the notification.", &json!({"type": "string"}))
    };
    paths.add(
        profile.route,
        "post",
        Operation {
            id: &id("notify"),
            tag: "notifications",
            section: "answers-to-a-psp",
            summary: &format!("A notification of {}", profile.name),
            parameters: profile.kept_headers.iter().map(header).collect(),
            body: Some((profile.media_type, json!({"description": "What the provider signed, byte for byte."}))),
            answers: vec![
                (200, text("Stored, known before, not tracked, or kept in quarantine. At most 512 characters.")),
                (401, text("Not genuine. Nothing was written.")),
                wrong_method(text("Another method.")),
                (413, text("Larger than 262144 bytes.")),
                (415, text("Another media type, or none.")),
                (500, text("There are no usable keys.")),
                (503, text("Not stored: send it again.")),
            ],
            is_open: true,
        },
    );
    let Some(echoed) = profile.echoed_header else { return };
    paths.add(
        profile.route,
        "get",
        Operation {
            id: &id("verify"),
            tag: "notifications",
            section: "answers-to-a-psp",
            summary: &format!("{} asks whether the endpoint is ours", profile.name),
            parameters: vec![parameter(
                "header",
                echoed,
                "What is sent back.",
                &json!({"type": "string"}),
            )],
            body: None,
            answers: vec![
                (200, text("The header's value.")),
                (400, text("The header is missing.")),
                wrong_method(text("Another method.")),
            ],
            is_open: true,
        },
    );
}

fn returns(paths: &mut Paths, book: &mut Book, profile: &Profile) {
    let word = profile.id.as_str();
    let failure = book.answer::<Failure>();
    for method in ["get", "post"] {
        let mut onwards = json!({"description": "On to the shop, with `order` and `state` added to the address's query."});
        onwards["headers"] = json!({"location": {"description": "Where to.", "schema": {"type": "string", "format": "uri"}}});
        paths.add(
            &format!("/returns/{word}"),
            method,
            Operation {
                id: &format!("{method}Return{}{}", word[..1].to_uppercase(), &word[1..]),
                tag: "notifications",
                section: "returns",
                summary: &format!("{} sends the buyer back", profile.name),
                parameters: Vec::new(),
                body: None,
                answers: vec![
                    (303, onwards),
                    (400, as_json(&failure, "No return from the payment page.")),
                    wrong_method(as_json(&failure, "Another method.")),
                    (413, as_json(&failure, "Larger than 262144 bytes.")),
                    (503, as_json(&failure, "The store was not reached.")),
                ],
                is_open: true,
            },
        );
    }
}

fn orders(paths: &mut Paths, book: &mut Book) {
    let order = book.answer::<OrderView>();
    let (state, list) = (book.answer::<State>(), book.answer::<OrderList>());
    let word = json!({"type": "string", "minLength": 1});
    let mut shown = as_json(
        &order,
        "The order; a page where `accept` has `text/html` and not `application/json`.",
    );
    shown["content"]["text/html; charset=utf-8"] = json!({"schema": {"type": "string"}});
    let part = |name: &str, description: &str| parameter("path", name, description, &word);
    paths.add(
        "/orders/{psp}/{merchant}/{mode}/{order}",
        "get",
        Operation {
            id: "showOrder",
            tag: "orders",
            section: "an-order",
            summary: "One order",
            parameters: vec![
                part("psp", "The provider's word."),
                part("merchant", "PSPID or site id, percent-encoded."),
                part("mode", "`test` or `production`."),
                part("order", "The shop's reference, percent-encoded. With other characters than letters, digits and `-_.~:` use \
                               `GET /orders?key=`."),
            ],
            body: None,
            answers: vec![
                (200, shown),
                (404, text("Nobody has heard of it.")),
                wrong_method(text("Another method.")),
                (503, text("The table cannot be read.")),
            ],
            is_open: false,
        },
    );
    let either = json!({"anyOf": [list, order]});
    let mut listed = as_json(&either, "A page of orders; with `key` the order, as under its path.");
    listed["content"]["text/html; charset=utf-8"] = json!({"schema": {"type": "string"}});
    let query = |name: &str, description: &str, schema: &Value| {
        optional(parameter("query", name, description, schema))
    };
    paths.add(
        "/orders",
        "get",
        Operation {
            id: "listOrders",
            tag: "orders",
            section: "lists",
            summary: "Orders by state, or one by its key",
            parameters: vec![
                query("state", "Orders of this state alone. Those that were changed last come first.", &state),
                query("limit", "Orders on a page; more than 100 counts as 100.", &json!({"type": "integer", "minimum": 1, "default": 50})),
                query("cursor", "`next` of the page before, with the same `state`.", &word),
                query("key", "The path of one order, percent-encoded as a whole. It has to be the only parameter.", &word),
            ],
            body: None,
            answers: vec![
                (200, listed),
                (400, text("A parameter, state, limit or cursor that is not known.")),
                (404, text("With `key`: nobody has heard of the order.")),
                wrong_method(text("Another method.")),
                (503, text("The table cannot be read.")),
            ],
            is_open: false,
        },
    );
}

/// The answers to what is posted and not understood, or not stored.
fn posted(failure: &Value) -> Vec<(u16, Value)> {
    vec![
        (400, as_json(failure, "The request is not understood.")),
        wrong_method(as_json(failure, "Another method.")),
        (413, as_json(failure, "Larger than 262144 bytes.")),
        (415, as_json(failure, "Another media type, or none.")),
        (503, as_json(failure, "The store was not reached: say it again.")),
    ]
}

fn payments(paths: &mut Paths, book: &mut Book) {
    let (order, failure, started) =
        (book.answer::<OrderView>(), book.answer::<Failure>(), book.answer::<Started<'static>>());
    let (expected, ask, checkout) =
        (book.body::<ExpectedBody>(), book.body::<AskBody>(), book.body::<CheckoutBody>());
    let mut add = |path: &str, operation: Operation<'_>| {
        let answers = operation.answers.into_iter().chain(posted(&failure)).collect();
        paths.add(path, "post", Operation { answers, ..operation });
    };
    add(
        "/expected",
        Operation {
            id: "expect",
            tag: "payments",
            section: "post-expected",
            summary: "Register what an order costs",
            parameters: Vec::new(),
            body: Some((JSON, expected)),
            answers: vec![
                (200, as_json(&order, "Registered, now or before.")),
                (
                    409,
                    as_json(
                        &failure,
                        "Another amount is registered, and something was paid; or a payment of another amount is open.",
                    ),
                ),
            ],
            is_open: false,
        },
    );
    add(
        "/checkouts",
        Operation {
            id: "startPayment",
            tag: "payments",
            section: "post-checkouts",
            summary: "Start a payment",
            parameters: Vec::new(),
            body: Some((JSON, checkout)),
            answers: vec![
                (200, as_json(&started, "The session that is open.")),
                (201, as_json(&started, "A session was opened.")),
                (
                    409,
                    as_json(
                        &failure,
                        "Another session is open, something was paid, or there are no API credentials.",
                    ),
                ),
                (422, as_json(&failure, "A rule forbids it. Nothing was sent.")),
                (502, as_json(&failure, "The provider opened nothing that the buyer was told of.")),
            ],
            is_open: false,
        },
    );
    add(
        "/asks",
        Operation {
            id: "ask",
            tag: "orders",
            section: "post-asks",
            summary: "Ask the provider what it knows of an order",
            parameters: Vec::new(),
            body: Some((JSON, ask)),
            answers: vec![
                (200, as_json(&order, "The order as the provider's answer leaves it.")),
                (404, as_json(&failure, "Neither Quittance nor the provider knows the order.")),
                (
                    409,
                    as_json(
                        &failure,
                        "There are no API credentials, or they may not be used for asking.",
                    ),
                ),
                (
                    502,
                    as_json(
                        &failure,
                        "The provider was not reached or not understood. Nothing was changed.",
                    ),
                ),
            ],
            is_open: false,
        },
    );
}

fn money(paths: &mut Paths, book: &mut Book) {
    let (failure, refund, reserve) =
        (book.answer::<Failure>(), book.answer::<RefundView>(), book.answer::<ReserveView>());
    let refused = json!({"anyOf": [book.answer::<Explained<RefundView>>(), failure]});
    let unplanned = json!({
        "anyOf": [book.answer::<Explained<ReserveView>>(), book.answer::<Unplanned<'static>>(), failure]
    });
    let routes = [
        (
            "/refunds",
            "refund",
            "post-refunds",
            "Give money back",
            book.body::<RefundBody>(),
            &refund,
            &refused,
        ),
        (
            "/captures",
            "capture",
            "post-captures-post-cancellations",
            "Take authorised money",
            book.body::<CaptureBody>(),
            &reserve,
            &unplanned,
        ),
        (
            "/cancellations",
            "cancel",
            "post-captures-post-cancellations",
            "Give authorised money up",
            book.body::<CancellationBody>(),
            &reserve,
            &unplanned,
        ),
    ];
    for (path, id, section, summary, body, done, forbidden) in routes {
        let answers = vec![
            (200, as_json(done, "All lines are final, or it was planned alone.")),
            (202, as_json(done, "Taken and not final.")),
            (404, as_json(&failure, "Neither Quittance nor the provider knows the order.")),
            (
                409,
                as_json(
                    &failure,
                    "The request is known with another content, another one is under way, or there are no API credentials.",
                ),
            ),
            (422, as_json(forbidden, "A rule or the provider forbids it.")),
            (
                502,
                as_json(
                    &failure,
                    "The provider was not reached or not understood. Nothing is planned.",
                ),
            ),
        ];
        let answers = answers.into_iter().chain(posted(&failure)).collect();
        let body = Some((JSON, body));
        let parameters = Vec::new();
        paths.add(
            path,
            "post",
            Operation {
                id,
                tag: "money",
                section,
                summary,
                parameters,
                body,
                answers,
                is_open: false,
            },
        );
    }
    let key = parameter(
        "query",
        "order",
        "The order's key as text, `psp/merchant/mode/reference`, percent-encoded as a whole.",
        &json!({"type": "string", "minLength": 1}),
    );
    paths.add(
        "/refunds",
        "get",
        Operation {
            id: "listRefunds",
            tag: "money",
            section: "post-refunds",
            summary: "The refunds of an order, oldest first",
            parameters: vec![key],
            body: None,
            answers: vec![
                (200, as_json(&book.answer::<RefundList>(), "The refunds.")),
                (400, as_json(&failure, "The query is not understood.")),
                (404, as_json(&failure, "Nobody has heard of the order.")),
                wrong_method(as_json(&failure, "Another method.")),
                (503, as_json(&failure, "The store was not reached.")),
            ],
            is_open: false,
        },
    );
}
