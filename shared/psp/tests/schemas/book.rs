//! The schemas of types, in the form that others read best.

use quittance_core::schemars::generate::SchemaSettings;
use quittance_core::schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What every document says of what may change.
pub(crate) const OPEN: &str =
    "Members may be added later: take those that you know, and pass over the rest.";

/// Where the documents that are more than a schema keep theirs.
const COMPONENTS: &str = "/components/schemas";

/// The schema of one type, with its definitions.
pub(crate) fn alone<T: JsonSchema>() -> Value {
    let mut schema = closed::<T>();
    let about = schema["description"].as_str().unwrap_or_default();
    schema["description"] = json!(format!("{about} {OPEN}"));
    schema
}

/// The same of a type that gets no more members.
pub(crate) fn closed<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    never_null(&mut schema);
    tidy(&mut schema);
    schema
}

/// Schemas with their definitions in common: of what is answered or sent, and of what is posted.
pub(crate) struct Book {
    answers: SchemaGenerator,
    bodies: SchemaGenerator,
}

impl Book {
    /// An empty one, of a version of JSON Schema.
    pub(crate) fn new(settings: fn() -> SchemaSettings) -> Self {
        let settings = || settings().with(|settings| settings.definitions_path = COMPONENTS.into());
        Self {
            answers: settings().for_serialize().into_generator(),
            bodies: settings().for_deserialize().into_generator(),
        }
    }

    /// Where the schema is of what is answered or sent.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// Where the schema is of what is posted.
    pub(crate) fn body<T: JsonSchema>(&mut self) -> Value {
        self.bodies.subschema_for::<T>().to_value()
    }

    /// All of them by name.
    pub(crate) fn definitions(mut self) -> Value {
        let mut all: Map<String, Value> = self.answers.take_definitions(true);
        all.values_mut().for_each(never_null);
        for (name, schema) in self.bodies.take_definitions(true) {
            let other = all.insert(name.clone(), schema.clone());
            assert!(other.is_none_or(|other| other == schema), "two schemas are called {name}");
        }
        let mut all = Value::Object(all);
        tidy(&mut all);
        all
    }
}

/// What is answered leaves out a member that has nothing to say, unless it always has it.
fn never_null(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &String| required.as_array().is_some_and(|all| all.contains(&json!(name)));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let absent = properties.iter_mut().filter(|(name, _)| !is_required(name));
        absent.for_each(|(_, property)| without_null(property));
    }
    let definitions = schema.get_mut("$defs").and_then(Value::as_object_mut);
    definitions.into_iter().flat_map(Map::values_mut).for_each(never_null);
}

fn without_null(property: &mut Value) {
    for (list, null) in [("type", json!("null")), ("anyOf", json!({"type": "null"}))] {
        let Some(several) = property.get_mut(list).and_then(Value::as_array_mut) else { continue };
        several.retain(|one| *one != null);
        let [one] = several.as_slice() else { continue };
        match one.clone() {
            Value::Object(schema) => {
                let members = property.as_object_mut().unwrap();
                members.remove(list);
                members.extend(schema);
            }
            one => property[list] = one,
        }
    }
}

/// Lines of comments become sentences, words a list with what each says, and numbers of Rust's those that others know.
fn tidy(schema: &mut Value) {
    if let Some(words) = words(schema) {
        *schema = words;
    }
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                // A list keeps its lines.
                if !text.contains("\n- ") {
                    *text = text.replace('\n', " ");
                }
            }
            if let Some(format) = members.get_mut("format")
                && format.as_str().is_some_and(|format| format.starts_with("uint"))
            {
                *format = json!("int64");
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The schema of a list of words, each of which stands with its description.
fn words(schema: &Value) -> Option<Value> {
    let listed = schema.get("oneOf")?.as_array()?;
    let word = |each: &Value| {
        Some((each.get("const")?.clone(), each.get("description")?.as_str()?.replace('\n', " ")))
    };
    let listed: Vec<(Value, String)> = listed.iter().map(word).collect::<Option<_>>()?;
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let lines = listed
        .iter()
        .map(|(word, says)| format!("\n- `{}`: {says}", word.as_str().unwrap_or_default()));
    let description = format!("{}\n{}", about.replace('\n', " "), lines.collect::<String>());
    let words: Vec<&Value> = listed.iter().map(|(word, _)| word).collect();
    Some(json!({"description": description, "type": "string", "enum": words}))
}
