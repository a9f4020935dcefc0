//! Completes the description of the API by what holds for every address alike, so that it is
//! written once: how problems are told, and which of them anybody can be told.

use serde_json::{Map, Value, json};

/// What every operation can be told instead of an answer.
const EVERYWHERE: [(&str, &str); 7] = [
    (
        "400",
        "something in the request cannot be read, or is not known",
    ),
    (
        "401",
        "nobody is logged in, or what is shown is not believed",
    ),
    (
        "403",
        "what is needed is somebody else's to do or in another plan, or it comes by an unknown host or from a page of another site",
    ),
    ("406", "what is accepted is not made here"),
    ("429", "it is asked more often than the plan says"),
    ("500", "something went wrong here"),
    ("503", "the platform cannot answer now"),
];

/// What every operation that takes a body can be told besides.
const WITH_A_BODY: [(&str, &str); 2] = [
    ("413", "the body is larger than `http.body_limit`"),
    ("415", "the body is of a kind that is not read"),
];

/// Completes a document in place.
pub(super) fn complete(document: &mut Value) {
    no_more_members(document);
    flattened(document);
    credentials(document);
    // By `get_mut`: an index would put in what is not there.
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let operations = item.as_object_mut().into_iter().flatten();
        for (method, operation) in operations {
            operation["operationId"] = Value::from(name(method, path));
            let parameters = operation.get_mut("parameters");
            if let Some(parameters) = parameters.and_then(Value::as_array_mut) {
                parameters.iter_mut().for_each(never_null);
            }
            let takes_a_body = operation.get("requestBody").is_some();
            let responses = operation.get_mut("responses");
            if let Some(responses) = responses.and_then(Value::as_object_mut) {
                problems(responses, takes_a_body);
            }
        }
    }
}

/// A form that holds all members of another one and more is one form: said as two, each of which
/// allows its own members alone, nothing would fit both.
fn flattened(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas") else {
        return;
    };
    let known = schemas.clone();
    for schema in schemas
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let parts: Vec<_> = parts
            .filter_map(|part| match part["$ref"].as_str() {
                Some(name) => known.pointer(name.strip_prefix("#/components/schemas")?),
                None => Some(part),
            })
            .cloned()
            .collect();
        if !parts
            .iter()
            .any(|part| part["additionalProperties"] == false)
        {
            continue;
        }
        let mut whole = json!({ "type": "object", "properties": {}, "required": [] });
        for part in &parts {
            if let (Some(all), Some(more)) = (
                whole["properties"].as_object_mut(),
                part["properties"].as_object(),
            ) {
                all.extend(more.clone());
            }
            if let (Some(all), Some(more)) = (
                whole["required"].as_array_mut(),
                part["required"].as_array(),
            ) {
                all.extend(more.iter().cloned());
            }
        }
        whole["description"] = schema["description"].clone();
        *schema = whole;
    }
}

/// What `bearer` means where an operation asks for it; the name behind it is that of the policy.
fn credentials(document: &mut Value) {
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        let bearer = json!({
            "type": "http",
            "scheme": "bearer",
            "description": "an access token of /v1/auth/login, or a key `ts_live_…` of /v1/account/keys",
        });
        components.insert("securitySchemes".to_owned(), json!({ "bearer": bearer }));
    }
}

/// A channel that is to be made has the members of its source alone, which the derived schema of an
/// enum does not say.
fn no_more_members(document: &mut Value) {
    let forms = document.pointer_mut("/components/schemas/NewChannel/oneOf");
    for form in forms.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(form) = form.as_object_mut() {
            form.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
}

/// What an operation is called by programs that are made of the document: names of handlers are
/// not told apart by their modules there, and so two operations would have one.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && *word != "v1");
    [method]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

/// What stands in an address is a text; one that is left out is not there at all.
fn never_null(parameter: &mut Value) {
    let Some(kind) = parameter.pointer_mut("/schema/type") else {
        return;
    };
    if let Some(kinds) = kind.as_array_mut() {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            *kind = only.clone();
        }
    }
}

fn problems(responses: &mut Map<String, Value>, takes_a_body: bool) {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let of_a_body: &[_] = if takes_a_body { &WITH_A_BODY } else { &[] };
    for (status, why) in EVERYWHERE.iter().chain(of_a_body) {
        responses
            .entry(*status)
            .or_insert_with(|| json!({ "description": why }));
    }
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            response["content"] = json!({ "application/problem+json": problem });
        }
        response["headers"]["X-Request-Id"] = json!({
            "description": "the request's name: the client's, or one made here",
            "schema": { "type": "string" },
            "required": status != "101",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_all_of_another_is_one_form() {
        let mut document = json!({ "components": { "schemas": {
            "Terms": { "properties": { "title": {} }, "required": ["title"], "additionalProperties": false },
            "Out": { "description": "more", "allOf": [
                { "$ref": "#/components/schemas/Terms" },
                { "type": "object", "properties": { "id": {} }, "required": ["id"] },
            ] },
            "Open": { "allOf": [{ "properties": { "id": {} } }] },
        } } });
        complete(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Out"]["required"], json!(["title", "id"]));
        assert!(
            schemas["Out"].get("allOf").is_none() && schemas["Out"]["properties"]["id"].is_object()
        );
        assert!(schemas["Open"].get("allOf").is_some());
    }

    #[test]
    fn every_operation_tells_the_problems_that_anybody_can_have() {
        let mut document = json!({ "paths": { "/x": { "get": {
            "parameters": [{ "schema": { "type": ["string", "null"] } }, { "schema": { "oneOf": [] } }],
            "responses": { "200": {}, "404": { "content": { "application/json": {} } } },
        } } } });
        complete(&mut document);
        let get = &document["paths"]["/x"]["get"];
        assert_eq!(get["operationId"], "get_x");
        assert!(get["parameters"][1]["schema"].get("type").is_none());
        assert_eq!(get["parameters"][0]["schema"]["type"], "string");
        for status in ["400", "403", "404", "500"] {
            let content = get["responses"][status]["content"].as_object().unwrap();
            assert!(content.keys().eq(["application/problem+json"]), "{status}");
        }
        assert!(get["responses"]["200"].get("content").is_none());
        assert!(get["responses"].get("413").is_none());
    }

    #[test]
    fn what_takes_a_body_tells_what_is_wrong_with_bodies() {
        let mut document = json!({ "paths": { "/x": { "post": {
            "requestBody": {}, "responses": { "200": {} },
        } } } });
        complete(&mut document);
        let responses = &document["paths"]["/x"]["post"]["responses"];
        for status in ["413", "415"] {
            assert!(responses[status]["content"].is_object(), "{status}");
        }
    }
}
