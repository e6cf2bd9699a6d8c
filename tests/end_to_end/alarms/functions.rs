//! Functions that fail, and those that are not let run.

use crate::api::caller::cloudwatch;
use crate::jitp::caller::{ask_for, register};
use crate::metrics::metric;
use crate::support::{Stack, invoke};
use muster_pki::DeviceKey;
use serde_json::json;

/// The sum of a metric of Lambda's, of one function or of the whole account.
pub async fn sum(stack: &Stack, metric: &str, function: Option<&str>) -> u32 {
    let mut asked = format!(
        "Action=GetMetricStatistics&Namespace=AWS/Lambda&MetricName={metric}&Statistics.member.1=Sum\
         &Period=3600&StartTime=2026-01-01T00:00:00Z&EndTime=2126-01-01T00:00:00Z"
    );
    if let Some(function) = function {
        asked += "&Dimensions.member.1.Name=FunctionName&Dimensions.member.1.Value=";
        asked += function;
    }
    let answer = cloudwatch(stack, &asked).await;
    let sums = answer.split("<Sum>").skip(1);
    let whole = |sum: &str| sum.split(['.', '<']).next()?.parse::<u32>().ok();
    sums.map(|sum| whole(sum).expect("a number")).sum()
}

/// `FunctionThrottling`, and of the function that has called it `Throttling`.
pub async fn a_function_that_may_not_run(stack: &Stack) {
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let verifier = stack.physical_id("AllowListVerifierFunction").await;
    let by_the_verifier = json!({ "route": "jitp", "verifierName": "allow-list" });
    let ca = register(stack, by_the_verifier).await;
    stack.import("sensor-2").await;
    let key = DeviceKey::generate().unwrap();
    let limit = lambda
        .put_function_concurrency()
        .function_name(&verifier)
        .reserved_concurrent_executions(0);
    limit.send().await.unwrap();

    let failed = ask_for(stack, &ca, "sensor-2", &key).await.unwrap_err();
    assert_eq!(failed.name, "Throttled", "{failed:?}");
    assert!(sum(stack, "Throttles", None).await > 0);
    assert!(metric(stack, "Throttled", &[("Api", "Lambda:Invoke")]).await > 0);

    let no_limit = lambda
        .delete_function_concurrency()
        .function_name(&verifier);
    no_limit.send().await.unwrap();
    ask_for(stack, &ca, "sensor-2", &key).await.unwrap();
}

/// `EventMeterFailure`. The emulator counts no failures of what its bus calls, so that the function is called directly.
pub async fn an_event_that_the_meter_cannot_read(stack: &Stack) {
    let meter = stack.physical_id("EventMeterFunction").await;
    let event =
        json!({ "source": "muster", "detail-type": "DeviceRejected", "detail": { "mode": 7 } });
    let failed = invoke(stack, "EventMeterFunction", &event).await;
    assert_eq!(failed.unwrap_err().name, "InputInvalid");
    assert_eq!(sum(stack, "Errors", Some(&meter)).await, 1);
}
