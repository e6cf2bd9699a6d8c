//! Gives the emulator the gateway responses of a REST API, which SAM puts where it does not look for them: into the
//! API's `OpenAPI` document. It knows them as resources of their own, and uses those that a deployment finds.

use serde_json::{Map, Value, json};

/// Adds the gateway responses of each `AWS::Serverless::Api` as resources, and a deployment to its stage after them.
pub fn with_gateway_responses(template: &mut Value) {
    let Some(resources) = template["Resources"].as_object_mut() else {
        return;
    };
    let mut added = Map::new();
    for (api, description) in resources.iter() {
        let properties = &description["Properties"];
        let (Some("AWS::Serverless::Api"), Some(responses), Some(stage)) = (
            description["Type"].as_str(),
            properties["GatewayResponses"].as_object(),
            properties["StageName"].as_str(),
        ) else {
            continue;
        };
        // The stage is a resource that SAM makes and names so (SAM developer guide, "Generated AWS CloudFormation
        // resources").
        let mut before = vec![format!("{api}{stage}Stage")];
        for (kind, response) in responses {
            let name = format!("{api}{}Response", kind.replace('_', ""));
            let response = json!({
                "RestApiId": { "Ref": api },
                "ResponseType": kind,
                "StatusCode": response["StatusCode"],
                "ResponseParameters": header_parameters(response),
                "ResponseTemplates": response["ResponseTemplates"],
            });
            added.insert(
                name.clone(),
                json!({ "Type": "AWS::ApiGateway::GatewayResponse", "Properties": response }),
            );
            before.push(name);
        }
        added.insert(
            format!("{api}ResponsesDeployment"),
            json!({
                "Type": "AWS::ApiGateway::Deployment",
                "DependsOn": before,
                "Properties": { "RestApiId": { "Ref": api }, "StageName": stage },
            }),
        );
    }
    resources.extend(added);
}

/// The headers of a response, as the resource names them.
fn header_parameters(response: &Value) -> Map<String, Value> {
    let headers = response["ResponseParameters"]["Headers"].as_object();
    let named = headers.into_iter().flatten();
    named
        .map(|(name, value)| (format!("gatewayresponse.header.{name}"), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_response_becomes_a_resource_and_a_deployment_follows_them() {
        let templates = json!({ "application/json": "{}" });
        let throttled = json!({
            "StatusCode": "429",
            "ResponseParameters": { "Headers": { "retry-after": "'5'" } },
            "ResponseTemplates": templates,
        });
        let mut template = json!({ "Resources": {
            "Api": { "Type": "AWS::Serverless::Api", "Properties": {
                "StageName": "v1", "GatewayResponses": { "THROTTLED": throttled },
            } },
            "Plain": { "Type": "AWS::Serverless::Api", "Properties": { "StageName": "v1" } },
        } });

        with_gateway_responses(&mut template);

        let resources = template["Resources"].as_object().unwrap();
        assert_eq!(resources.len(), 4);
        let response = &resources["ApiTHROTTLEDResponse"]["Properties"];
        assert_eq!(response["ResponseType"], "THROTTLED");
        assert_eq!(response["StatusCode"], "429");
        assert_eq!(
            response["ResponseParameters"],
            json!({ "gatewayresponse.header.retry-after": "'5'" })
        );
        assert_eq!(response["ResponseTemplates"], templates);
        let deployment = &resources["ApiResponsesDeployment"];
        assert_eq!(
            deployment["DependsOn"],
            json!(["Apiv1Stage", "ApiTHROTTLEDResponse"])
        );
    }
}
