//! JSON Schema of what is written by hand, for `docs/schemas`. All else is derived where the types are.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::desk::{LineState, RequestState};
use crate::details::{MAX_DETAIL_CHARACTERS, Member};
use crate::key::ProviderId;
use crate::money::Currency;
use crate::time::Timestamp;

/// The id of a fulfilment or reversal.
pub(crate) const ID: &str = "^[0-9a-f]{32}$";

/// The key of an order as text.
pub(crate) const ORDER: &str = r"^[a-z0-9]{1,15}/[^/]{1,255}/(test|production)/[\s\S]{1,255}$";

impl JsonSchema for ProviderId {
    fn schema_name() -> Cow<'static, str> {
        "Provider".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[a-z0-9]{1,15}$"})
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The three letters of a currency with a minor unit (ISO 4217).",
            "type": "string",
            "pattern": "^[A-Z]{3}$",
        })
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A moment in UTC with whole seconds (RFC 3339).",
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        })
    }
}

/// What is shown of a share beyond what decides: a member for each [`Member`].
pub(crate) fn details(generator: &mut SchemaGenerator) -> Schema {
    let members = Member::json_schema(generator);
    let listed = members.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let property = |member: &Value| {
        let name = member.get("const")?.as_str()?.to_owned();
        let is_number = serde_json::from_value(json!(name)).is_ok_and(Member::is_number);
        let mut schema = match is_number {
            true => u64::json_schema(generator),
            false => json_schema!({"type": "string", "maxLength": MAX_DETAIL_CHARACTERS}),
        };
        schema.insert("description".to_owned(), member.get("description")?.clone());
        Some((name, schema.to_value()))
    };
    let properties: Map<String, Value> = listed.filter_map(property).collect();
    json_schema!({"type": "object", "properties": properties})
}

/// Where a capture or a cancellation stands: [`ReserveView`](crate::desk::ReserveView) has no other states.
pub(crate) fn reserve_state(_: &mut SchemaGenerator) -> Schema {
    let states = [RequestState::Done, RequestState::Running, RequestState::Refused];
    json_schema!({"type": "string", "enum": states})
}

/// How far a line is.
pub(crate) fn line_state(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": LineState::ALL.map(LineState::as_str)})
}
