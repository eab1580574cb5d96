//! The page of orders, with events as the API for browsers hands them over: behind a token, on a stage that is no
//! part of the path. (docs/deploy.md, "The page in a browser")

use lambda_http::{Body, Request, Response, request};
use orders::Function;
use quittance_aws::config::Settings;
use quittance_aws::keys::KeyRing;
use quittance_aws::receive::Receiver;
use quittance_aws::schema;
use quittance_aws::table::Table;
use quittance_aws::webhook::Webhook;
use quittance_core::{Policy, Provider};
use quittance_psp::lyra::Lyra;
use quittance_testing::engine::Engine;
use quittance_testing::{FORM_KEY, SITE};
use serde_json::{Value, json};

/// One card, captured.
const DELIVERY: &str = include_str!("../../../../events/systempay/01-single-card-captured.json");

/// What the order goes by that the delivery is about.
const KEY: &str = "systempay/12345678/test/CMD-2001";

/// What a browser says that it takes.
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// What a token may look like; who lets it pass is API Gateway.
const TOKEN: &str = "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl";

struct Stack {
    function: Function,
    _engine: Engine,
}

impl Stack {
    /// With one order, which was paid.
    async fn start() -> Self {
        let engine = Engine::start().await;
        let mut settings = Settings::read(|_| None).unwrap();
        settings.table = engine.table("orders");
        settings.archive_table = engine.table("archive");
        let client = engine.client();
        schema::create_orders(&client, &settings.table).await.unwrap();
        schema::create_archive(&client, &settings.archive_table).await.unwrap();
        let keys = Lyra.keys(&json!({SITE: {"test": {"form": FORM_KEY}}}).to_string()).unwrap();
        let receiver = Receiver::new(&client, &settings, quittance_psp::PROVIDERS);
        let function = Function { table: receiver.table.clone(), policy: receiver.policy };
        let webhook = Webhook::new(&Lyra, KeyRing::fixed(Some(keys)), receiver);
        let taken = webhook.handle(&request::from_str(DELIVERY).unwrap()).await;
        assert_eq!(taken.status(), 200, "{taken:?}");
        Self { function, _engine: engine }
    }

    async fn answer(&self, event: &Value) -> Response<Body> {
        let request: Request = request::from_str(&event.to_string()).unwrap();
        self.function.handle(&request).await
    }

    async fn browse(&self, target: &str) -> (u16, String) {
        let response = self.answer(&event("GET", target, BROWSER)).await;
        assert_headers(&response);
        (response.status().as_u16(), text(&response))
    }
}

/// A request that an authoriser of API Gateway let pass, in payload format 2.0.
fn event(method: &str, target: &str, accept: &str) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    json!({
        "version": "2.0",
        "routeKey": "GET /orders",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": accept,
            "accept-language": "en",
            "authorization": TOKEN,
            "host": "page.execute-api.eu-west-3.amazonaws.com",
            "x-forwarded-host": "orders.shop.example",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "page",
            "authorizer": {"jwt": {"claims": {"sub": "somebody", "aud": "page"}, "scopes": null}},
            "domainName": "page.execute-api.eu-west-3.amazonaws.com",
            "domainPrefix": "page",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.30",
                "userAgent": "browser",
            },
            "requestId": "page",
            "routeKey": "GET /orders",
            "stage": "$default",
            "time": "22/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_341_600_000_i64,
        },
        "isBase64Encoded": false,
    })
}

fn text(response: &Response<Body>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// A page is kept by nobody, loads nothing and is in no frame.
fn assert_headers(response: &Response<Body>) {
    assert_eq!(header(response, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(response, "cache-control"), "no-store");
    assert_eq!(header(response, "x-content-type-options"), "nosniff");
    assert_eq!(header(response, "referrer-policy"), "no-referrer");
    let policy = header(response, "content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_of_the_page_shows_what_it_says() {
    let stack = Stack::start().await;
    let of_order = format!("/orders?key={}", KEY.replace('/', "%2F"));
    for list in ["/", "/orders", "/orders/", "/?q=CMD-2001"] {
        let (status, html) = stack.browse(list).await;
        assert_eq!(status, 200, "{list}");
        // Neither the stage nor the host is in a link.
        assert!(html.contains(&format!("href=\"{of_order}&amp;lang=en\"")), "{list}: {html}");
    }
    for order in [of_order.as_str(), &format!("/orders/{KEY}"), &format!("/orders/{KEY}?lang=en")] {
        let (status, html) = stack.browse(order).await;
        assert_eq!(status, 200, "{order}");
        assert!(html.contains("<h1>CMD-2001</h1>"), "{order}: {html}");
    }
    let (status, html) = stack.browse("/orders/systempay/12345678/test/NOBODY").await;
    assert_eq!((status, html.contains("No order is known by this name")), (404, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_nothing_and_shows_nothing_raw() {
    let stack = Stack::start().await;
    let plan = format!("/orders/{KEY}?amount=10.00");
    for target in ["/", "/orders", &format!("/orders/{KEY}"), &plan] {
        let (_, html) = stack.browse(target).await;
        for action in ["method=\"post\"", "/console", "raw=", "<button formaction"] {
            assert!(!html.contains(action), "{action} in {target}: {html}");
        }
        // The token stays with the API, and who has it is nobody's business here.
        for part in [TOKEN, "somebody"] {
            assert!(!html.contains(part), "{part} in {target}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let response = stack.answer(&event(method, target, BROWSER)).await;
            assert_eq!(response.status(), 405, "{method} {target}");
        }
    }
    // The plan is worked out and goes nowhere.
    assert!(stack.browse(&plan).await.1.contains("Give money back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_and_no_header_of_a_proxy_matters() {
    let stack = Stack::start().await;
    let mut one = event("GET", "/orders", BROWSER);
    let expected = text(&stack.answer(&one).await);
    for header in ["host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "origin"]
    {
        one["headers"][header] = json!("evil.example");
        let response = stack.answer(&one).await;
        assert_headers(&response);
        assert_eq!(
            (response.status().as_u16(), text(&response)),
            (200, expected.clone()),
            "{header}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_token_gets_the_json_of_the_other_routes() {
    let stack = Stack::start().await;
    for (target, status) in
        [("/orders", 200), (&*format!("/orders/{KEY}"), 200), ("/", 404), ("/orders/x", 404)]
    {
        let response = stack.answer(&event("GET", target, "application/json")).await;
        assert_eq!(response.status(), status, "{target}");
        assert_eq!(header(&response, "cache-control"), "no-store", "{target}");
        if status == 200 {
            let body: Value = serde_json::from_str(&text(&response)).unwrap();
            let order = if target == "/orders" { &body["orders"][0] } else { &body };
            assert_eq!(order["order"], "CMD-2001", "{target}");
        }
    }
}

/// A cursor of the index of states, as docs/interface.md shows one.
const OF_THE_INDEX: &str =
    "eyJiZWZvcmUiOlsiY2FwdHVyZWQiLCIyMDI2LTExLTI3VDE4OjU3OjM1WiNkNjI5MDY4OSJdfQ";

/// The list would show the same orders again, and never end.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_an_index_that_is_gone_is_refused() {
    let engine = Engine::start().await;
    let (client, orders) = (engine.client(), engine.table("orders"));
    schema::create_lean_orders(&client, &orders).await.unwrap();
    let table = Table::new(client, orders, quittance_psp::PROVIDERS);
    let function = Function { table, policy: Policy::default() };
    let (first, next) = ("state=captured", &*format!("state=captured&cursor={OF_THE_INDEX}"));
    for (query, status) in [(first, 200), (next, 400)] {
        let mut request = Request::new(Body::Empty);
        *request.uri_mut() = format!("/orders?{query}").parse().unwrap();
        let response = function.handle(&request).await;
        assert_eq!(response.status(), status, "{query}: {}", text(&response));
        assert_eq!(text(&response).contains("unknown cursor"), status == 400, "{query}");
    }
}
