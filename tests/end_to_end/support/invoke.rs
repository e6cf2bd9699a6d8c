//! Functions of the template, called directly.

use super::Stack;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

/// How a function failed: the error's name and its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub name: String,
    pub cause: String,
}

/// Invokes a function of the template.
pub async fn invoke(stack: &Stack, function: &str, payload: &Value) -> Result<Value, Failed> {
    let name = stack.physical_id(function).await;
    let answer = aws_sdk_lambda::Client::new(&stack.target.cloud.config)
        .invoke()
        .function_name(name)
        .payload(Blob::new(payload.to_string()))
        .send()
        .await
        .unwrap();
    let said: Value = serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    if answer.function_error().is_none() {
        return Ok(said);
    }
    let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
    Err(Failed {
        name: text("errorType"),
        cause: text("errorMessage"),
    })
}
