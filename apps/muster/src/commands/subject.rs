//! The name in a certificate, as the API takes it.

use serde_json::{Map, Value};

/// The fields that are given, by the API's names for them; `None` where there are none.
pub fn csr_subjects<'a>(
    fields: impl IntoIterator<Item = (&'static str, &'a Option<String>)>,
) -> Option<Value> {
    let given: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())))
        .collect();
    (!given.is_empty()).then_some(Value::Object(given))
}
