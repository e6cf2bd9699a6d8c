"""What a million devices cost on AWS, by their way in, from counted calls and transitions.

    python3 benchmarks/costs.py            prints the tables
    python3 benchmarks/costs.py --write    puts them into docs/costs.md
    python3 benchmarks/costs.py --check    fails if docs/costs.md has others

What is counted rests on the repository, and the program fails where that says otherwise:

- A way is a list of states. It has to be a way through the workflow's definition, and each task on it has to call what is
  said here.
- The calls of a function are as many as docs/measurements.md has measured, and its role in template.yaml allows each.
- Memory, batches, pages, alarms and metrics are read from template.yaml, dashboard.yaml and the sources.

What is assumed stands in the tables ASSUMED and LATENCY_MS, and is printed as well. It needs Python 3.10 and nothing else.
"""

import collections
import json
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/costs.md"
BEGIN = "<!-- Printed by benchmarks/costs.py; change that, and run it with --write. -->"
END = "<!-- Up to here. -->"

MILLION = 1_000_000
REGION = "us-east-1"
PRICES_OF = "August 2025"

# US dollars, list prices without free tiers: (price, for so many, unit, service, where AWS says so).
PRICES = {
    "transition": (0.025, 1_000, "state transitions, Standard", "Step Functions", "step-functions/pricing"),
    "express": (1.00, MILLION, "requests, Express", "Step Functions", "step-functions/pricing"),
    "express_gb_s": (0.00001667, 1, "GB-second, Express", "Step Functions", "step-functions/pricing"),
    "lambda": (0.20, MILLION, "requests", "Lambda", "lambda/pricing"),
    "lambda_gb_s": (0.0000133334, 1, "GB-second, arm64", "Lambda", "lambda/pricing"),
    "write": (0.625, MILLION, "write request units, on demand", "DynamoDB", "dynamodb/pricing/on-demand"),
    "read": (0.125, MILLION, "read request units, on demand", "DynamoDB", "dynamodb/pricing/on-demand"),
    "gb_month": (0.25, 1, "GB-month of table", "DynamoDB", "dynamodb/pricing/on-demand"),
    "backup_gb_month": (0.20, 1, "GB-month of point-in-time recovery", "DynamoDB", "dynamodb/pricing/on-demand"),
    "message": (1.00, MILLION, "messages of up to 5 KB", "IoT Core", "iot-core/pricing"),
    "minute": (0.08, MILLION, "minutes of connection", "IoT Core", "iot-core/pricing"),
    "rule": (0.15, MILLION, "rules triggered", "IoT Core", "iot-core/pricing"),
    "action": (0.15, MILLION, "actions of rules", "IoT Core", "iot-core/pricing"),
    "registry": (1.25, MILLION, "registry operations", "IoT Core", "iot-core/pricing/additional-details"),
    "sqs": (0.40, MILLION, "requests, standard queue", "SQS", "sqs/pricing"),
    "event": (1.00, MILLION, "events of one's own", "EventBridge", "eventbridge/pricing"),
    "kms": (0.03, 10_000, "requests, symmetric and HMAC", "KMS", "kms/pricing"),
    "key_month": (1.00, 1, "key-month", "KMS", "kms/pricing"),
    "api": (3.50, MILLION, "requests, REST API", "API Gateway", "api-gateway/pricing"),
    "log_gb": (0.50, 1, "GB of logs taken in", "CloudWatch", "cloudwatch/pricing"),
    "alarm_month": (0.10, 1, "alarm-month", "CloudWatch", "cloudwatch/pricing"),
    "dashboard_month": (3.00, 1, "dashboard-month", "CloudWatch", "cloudwatch/pricing"),
    "metric_month": (0.30, 1, "metric-month of one's own", "CloudWatch", "cloudwatch/pricing"),
    "s3_get": (0.0004, 1_000, "GET requests", "S3", "s3/pricing"),
    "s3_list": (0.005, 1_000, "LIST requests", "S3", "s3/pricing"),
}
SERVICES = ["Step Functions", "Lambda", "DynamoDB", "IoT Core", "SQS", "CloudWatch"]

# What no file of the repository says.
ASSUMED = {
    "messages_in_batch": 1,  # a queue's messages that one receive, one delete and one invocation take: 1 to 10
    "log_line_bytes": 450,
    "claim_minutes": 1,  # how long a device stays connected to be provisioned
    "ledger_bytes_of_device": 5_000,  # all its items, a year's timeline among them (docs/decisions/0021-reconciliation.md)
    "ledger_items_of_device": 4,
    "express_mb": 64,  # memory is billed in steps of 64 MB; certificate-vending holds some kilobytes
    "principals_with_ledger_key": 30,  # roles for which DynamoDB asks KMS every five minutes, at most
    "routes": 6,  # by which devices come in a month
    "reasons_of_route": 5,  # for which devices are refused, of all codes
    "throttled_apis": 5,
    "pollers_of_queue": 5,  # with which Lambda asks an empty queue, each 20 s
}
# How long a call takes that a function waits for, in milliseconds. Only Lambda's and Express's seconds rest on it.
LATENCY_MS = {"dynamodb": 6, "iot": 60, "iotdata": 25, "kms": 10, "s3": 30, "states": 25, "events": 20, "sqs": 10, "lambda": 60}

# Registry operations are charged; calls about certificates and policies are not, nor is what detaches or deletes.
REGISTRY = {
    "iot:CreateThing", "iot:UpdateThing", "iot:DescribeThing", "iot:ListThings", "iot:AttachThingPrincipal",
    "iot:ListThingPrincipals", "iot:ListPrincipalThings",
}

failures = []


def demand(condition, what):
    if not condition:
        failures.append(what)


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


# --- What the repository says ---------------------------------------------------------------------------------------------

TEMPLATE = text_of("template.yaml")
MEASUREMENTS = text_of("docs/measurements.md")


def resource(name):
    found = re.search(rf"^  {name}:\n((?:(?:    .*)?\n)*)", TEMPLATE, re.MULTILINE)
    demand(found, f"template.yaml has no {name}")
    return found.group(1) if found else ""


def logical_id(function):
    return "".join(part.capitalize() for part in function.split("-")) + "Function"


def memory_mb(function):
    own = re.search(r"^      MemorySize: (\d+)", resource(logical_id(function)), re.MULTILINE)
    every = re.search(r"^    MemorySize: (\d+)", TEMPLATE, re.MULTILINE)
    return int((own or every).group(1))


def measured(case):
    """The newest row of a case in docs/measurements.md: AWS calls, and the warm p50 in milliseconds."""
    calls = p50 = None
    for line in MEASUREMENTS.splitlines():
        cells = [cell.strip() for cell in line.strip("| \n").split("|")]
        if "AWS calls" in cells and cells[0] == "function":
            at_calls, at_p50 = cells.index("AWS calls"), cells.index("warm p50 ms")
        elif cells[0] == case and len(cells) > 8:
            calls, p50 = int(cells[at_calls].split()[-1]), float(cells[at_p50])
    return calls, p50


def constant(path, name):
    found = re.search(rf"const {name}: \w+ = ([\d_]+);", text_of(path))
    demand(found, f"{path} has no constant {name}")
    return int(found.group(1)) if found else 1


def packets():
    """Of one chunked provisioning: those with manifest and chunks."""
    found = re.search(r"\| PUBLISH packets to the device \(manifest, chunks, activated\) \| (\d+) \|", MEASUREMENTS)
    demand(found, "docs/measurements.md does not say how many packets a chunked provisioning takes")
    return int(found.group(1)) - 1 if found else 0


# --- The ledger's items, as far as their size counts ------------------------------------------------------------------------

CERTIFICATE = 655 + 64 + 113 + 60  # DER, id, ARN, the attributes' names
ITEMS = {
    "known": 220,
    "provisioning": 520,
    "with certificate": 620 + CERTIFICATE,
    "with two certificates": 760 + 2 * CERTIFICATE,
    "certificate": 300 + CERTIFICATE,
    "delivery": 1_000,  # the task's token has some 600 bytes
    "line": 1_500,  # of a workflow, with its steps
    "short line": 700,  # of a function
    "token": 450,
    "count": 120,
    "fleet": 700,
    "claim": 200,
}


def write(item, index=0, transaction=False):
    """Units of a write: one for each kilobyte begun, twice that in a transaction, and one for each change of an index."""
    return {"write": math.ceil(ITEMS[item] / 1024) * (2 if transaction else 1) + index}


def read(*items, consistent=True):
    units = sum(math.ceil(ITEMS[item] / 4096) for item in items)
    return {"read": units if consistent else units / 2}


# --- What the functions do: (function, row in docs/measurements.md, calls, lines in the log) --------------------------------
# A call is (action, what it costs besides its time). dynamodb:TransactWriteItems needs PutItem or UpdateItem.

CERTIFICATE_INDEX, BOTH_INDEXES, DAY_CHANGED = 1, 2, 2


def chunks_calls():
    opened = merge(write("with certificate", transaction=True), write("delivery", CERTIFICATE_INDEX, transaction=True))
    return [("dynamodb:TransactWriteItems", opened)] + [("iot:Publish", {"message": 1})] * packets()


def merge(*costs):
    total = collections.Counter()
    for cost in costs:
        for unit, count in cost.items():
            total[unit] += count
    return total


CASES = {
    "event-meter": ("event-meter", "event-meter", [], 2),
    "claim-intake": ("claim-intake", "claim-intake", [
        ("dynamodb:GetItem", read("claim")), ("dynamodb:UpdateItem", write("count")), ("states:StartExecution", {}),
    ], 2),
    "claim-intake, rotation": ("claim-intake", None, [("states:StartExecution", {})], 2),
    "certificate-issuer": ("certificate-issuer", "certificate-issuer", [
        ("dynamodb:GetItem", read("provisioning")),
        ("iot:CreateCertificateFromCsr", {}),
        ("dynamodb:UpdateItem", write("with certificate")),
    ], 1),
    "certificate-issuer, rotation": ("certificate-issuer", None, [
        ("dynamodb:GetItem", read("with certificate")),
        ("iot:CreateCertificateFromCsr", {}),
        ("dynamodb:UpdateItem", write("with two certificates")),
    ], 1),
    "certificate-issuer, legacy": ("certificate-issuer", "certificate-issuer, legacy", [
        ("dynamodb:GetItem", read("provisioning")),
        ("iot:CreateCertificateFromCsr", {}),
        ("dynamodb:UpdateItem", write("with certificate")),
        ("kms:Encrypt", {"kms": 1}),
    ], 1),
    "identity-registrar": ("identity-registrar", "identity-registrar", [
        ("iot:CreateThing", {}), ("iot:AttachThingPrincipal", {}), ("iot:AttachPolicy", {}),
    ], 1),
    "identity-registrar, thing": ("identity-registrar", None, [("iot:CreateThing", {}), ("iot:AttachThingPrincipal", {})], 1),
    "identity-registrar, policy": ("identity-registrar", None, [("iot:AttachPolicy", {})], 1),
    "chunk-publisher": ("chunk-publisher", "chunk-publisher", chunks_calls(), 1),
    "chunk-publisher, one message": ("chunk-publisher", None, [("iot:Publish", {"message": 1})], 1),
    "chunk-publisher, legacy": ("chunk-publisher", "chunk-publisher, legacy", [
        ("kms:Decrypt", {"kms": 1}),
        chunks_calls()[0],
        ("iot:Publish", {"message": 1}), ("iot:Publish", {"message": 1}),
    ], 1),
    "delivery-acknowledger": ("delivery-acknowledger", "delivery-acknowledger", [
        ("dynamodb:GetItem", read("delivery")), ("states:SendTaskSuccess", {}), ("dynamodb:UpdateItem", write("delivery")),
    ], 2),
    "delivery-acknowledger, nobody waits": ("delivery-acknowledger", None, [("dynamodb:GetItem", read("delivery"))], 1),
    "jitr-activator": ("jitr-activator", "jitr-activator", [("states:StartExecution", {})], 2),
    # docs/measurements.md: three calls in the first invocation, one in those after it, since the CA is remembered.
    "certificate-inspector": ("certificate-inspector", None, [("iot:DescribeCertificate", {})], 1),
    "allow-list-verifier": ("allow-list-verifier", "allow-list-verifier", [("dynamodb:GetItem", read("known"))], 1),
    "certificate-activator": ("certificate-activator", "certificate-activator", [("iot:UpdateCertificate", {})], 1),
    "device-certificate-generator": ("device-certificate-generator", "device-certificate-generator", [
        ("iot:DescribeCACertificate", {}), ("iot:ListTagsForResource", {}), ("iot:DescribeEndpoint", {}),
        ("dynamodb:GetItem", read("known")), ("dynamodb:Query", read("known")),
        ("s3:ListBucket", {"s3_list": 1}), ("s3:GetObject", {"s3_get": 1}), ("kms:Decrypt", {"kms": 1}),
        ("dynamodb:PutItem", write("certificate", CERTIFICATE_INDEX)), ("dynamodb:PutItem", write("short line")),
    ], 2),
    "pre-provisioning-hook": ("pre-provisioning-hook", "pre-provisioning-hook", [
        ("dynamodb:BatchGetItem", read("fleet", "claim", "known")),
        ("dynamodb:UpdateItem", write("count")),
        ("iot:DescribeThing", {}),
        ("dynamodb:TransactWriteItems", merge(
            write("with certificate", BOTH_INDEXES, transaction=True),
            write("certificate", CERTIFICATE_INDEX, transaction=True),
            write("short line", transaction=True),
        )),
        ("events:PutEvents", {"event": 1}),
    ], 2),
    "pre-provisioning-hook, rotation": ("pre-provisioning-hook", None, [
        ("dynamodb:BatchGetItem", read("fleet", "claim", "with certificate")),
        ("iot:DescribeThing", {}), ("iot:ListPrincipalThings", {}),
        ("dynamodb:TransactWriteItems", merge(
            write("with two certificates", transaction=True),
            write("certificate", BOTH_INDEXES, transaction=True),
            write("short line", transaction=True),
        )),
        ("events:PutEvents", {"event": 1}),
    ], 2),
    # Its wait for the workflow is added where the way is known.
    "certificate-vendor": ("certificate-vendor", "certificate-vendor", [
        ("kms:GenerateMac", {"kms": 1}), ("dynamodb:GetItem", read("token")), ("dynamodb:UpdateItem", write("count")),
        ("states:StartSyncExecution", {}), ("dynamodb:GetItem", read("with certificate")),
    ], 5),
    "certificate-vendor, wrong token": ("certificate-vendor", None, [
        ("kms:GenerateMac", {"kms": 1}), ("dynamodb:GetItem", read("token")),
        ("dynamodb:UpdateItem", write("count")), ("dynamodb:UpdateItem", write("count")),
    ], 4),
    "rotation-notifier": ("rotation-notifier", "rotation-notifier", [
        ("dynamodb:UpdateItem", write("with certificate", DAY_CHANGED)), ("iot:Publish", {"message": 1}),
    ], 0),
    "rotation-completer": ("rotation-completer", "rotation-completer", [
        ("dynamodb:GetItem", read("with two certificates")),
        ("dynamodb:TransactWriteItems", merge(
            write("with two certificates", 2 * DAY_CHANGED, transaction=True),
            write("certificate", 1, transaction=True),
            write("certificate", BOTH_INDEXES, transaction=True),
            write("short line", transaction=True),
        )),
        ("events:PutEvents", {"event": 1}),
        ("dynamodb:GetItem", read("with certificate")),
        ("iot:UpdateCertificate", {}), ("iot:UpdateThing", {}),
        ("dynamodb:UpdateItem", write("with certificate")),
    ], 2),
    "rotation-completer, nothing new": ("rotation-completer", None, [("dynamodb:GetItem", read("with certificate"))], 1),
    "rotation-completer, first connection": ("rotation-completer", None, [
        ("dynamodb:GetItem", read("with certificate")), ("dynamodb:UpdateItem", write("with certificate")),
    ], 1),
    "certificate-retirer": ("certificate-retirer", "certificate-retirer", [
        ("dynamodb:GetItem", read("certificate")), ("dynamodb:GetItem", read("with certificate")),
        ("iot:UpdateCertificate", {}), ("iot:DescribeCertificate", {}), ("iot:ListAttachedPolicies", {}),
        ("iot:DetachPolicy", {}), ("iot:DetachThingPrincipal", {}), ("iot:DeleteCertificate", {}),
        ("dynamodb:TransactWriteItems", merge(
            write("certificate", BOTH_INDEXES, transaction=True), write("short line", transaction=True),
        )),
        ("events:PutEvents", {"event": 1}),
    ], 1),
    "rotation-scanner": ("rotation-scanner", "rotation-scanner", [("dynamodb:Query", {"read": 0.5})], 1),
}


def check_case(name):
    function, row, calls, _ = CASES[name]
    if row is not None:
        counted, _ = measured(row)
        demand(counted == len(calls), f"{name}: {len(calls)} calls here, {counted} in docs/measurements.md")
    block = resource(logical_id(function))
    for action, _ in calls:
        allowed = ["dynamodb:PutItem", "dynamodb:UpdateItem"] if action == "dynamodb:TransactWriteItems" else [action]
        demand(any(re.search(rf"{one}\b", block) for one in allowed), f"{function}'s role does not allow {action}")


def milliseconds(name, waits_ms=0):
    function, row, calls, _ = CASES[name]
    own = (measured(row)[1] if row else None) or 1.0
    def of(action):
        return LATENCY_MS["iotdata" if action == "iot:Publish" else action.split(":")[0]]
    # Lambda charges a started millisecond as a whole one.
    return max(own + waits_ms + sum(of(action) for action, _ in calls), 1.0)


def invocation(name, waits_ms=0):
    """One invocation of a function, with its calls."""
    function, _, calls, lines = CASES[name]
    cost = merge(*(cost for _, cost in calls))
    cost["registry"] += sum(1 for action, _ in calls if action in REGISTRY)
    cost["lambda"] += 1
    cost["lambda_gb_s"] += milliseconds(name, waits_ms) / 1000 * memory_mb(function) / 1024
    cost["log_gb"] += lines * ASSUMED["log_line_bytes"] / 1e9
    return told(cost)


def told(cost):
    """With what becomes of the events: event-meter makes metrics of them."""
    return merge(cost, *(invocation("event-meter") for _ in range(cost["event"])))


def queued(name):
    """A message that a topic rule puts into a queue, and its share of the invocation that takes it."""
    batch = ASSUMED["messages_in_batch"]
    cost = invocation(name)
    cost["lambda"] /= batch
    return merge(cost, {"rule": 1, "action": 1, "sqs": 1 + 2 / batch})


# --- Ways through the workflows ---------------------------------------------------------------------------------------------


def definition(workflow):
    return json.loads(text_of(f"statemachines/{workflow}.asl.json"))


def check_function(workflow, name, state, function):
    # VerifyDevice calls whom the CA names.
    named = re.fullmatch(r"\$\{(\w+)Arn\}", state["Arguments"]["FunctionName"])
    demand(not named or named.group(1) == logical_id(function), f"{workflow}: {name} does not call {function}")


def check_loop(workflow, inside, states, calls):
    """Whether these states of a Map follow one another, the first after the last."""
    known = definition(workflow)["States"][inside]["ItemProcessor"]["States"]
    for one, following in zip(states, states[1:] + states[:1]):
        demand(one in known, f"{workflow} has no state {one}")
        demand(one not in known or following in successors(known[one]), f"{workflow}: {following} does not follow {one}")
    for name, function in calls.items():
        demand(name in known, f"{workflow} has no state {name}")
        if name in known:
            check_function(workflow, name, known[name], function)


def successors(state):
    found = {state.get("Next"), state.get("Default")} | {choice.get("Next") for choice in state.get("Choices", [])}
    return found - {None}


def way(workflow, states, does, express=False):
    """The cost of a way through a workflow, and how long its tasks take together. `does` says for each task what it calls: a
    case, or what a call to the ledger costs."""
    whole = definition(workflow)
    known = whole["States"]
    demand(states[0] == whole["StartAt"], f"{workflow} does not begin with {states[0]}")
    for one, following in zip(states, states[1:] + [None]):
        demand(one in known, f"{workflow} has no state {one}")
        if one not in known:
            continue
        if following:
            demand(following in successors(known[one]), f"{workflow}: {following} does not follow {one}")
        else:
            demand(known[one]["Type"] == "Succeed", f"{workflow} does not end with {one}")
    total, waited = collections.Counter(), 0
    for name in states:
        state = known.get(name, {})
        called = state.get("Resource", "").split(":::")[-1]
        if state.get("Type") != "Task":
            demand(name not in does, f"{workflow}: {name} is no task")
        elif called.startswith("lambda:invoke"):
            case = does.get(name)
            demand(case in CASES, f"{workflow}: nobody says what {name} calls")
            check_function(workflow, name, state, CASES[case][0])
            total += invocation(case)
            waited += milliseconds(case)
        elif called.startswith("dynamodb:"):
            demand(isinstance(does.get(name), dict), f"{workflow}: nobody says what {name} writes")
            total += merge(does.get(name, {}))
            waited += LATENCY_MS["dynamodb"]
        elif called.startswith("events:"):
            total += told(merge({"event": 1}))
            waited += LATENCY_MS["events"]
        else:
            demand(False, f"{workflow}: {name} calls {called}, which is not counted")
    if express:
        total["express"] += 1
        seconds = math.ceil(waited / 100) / 10
        total["express_gb_s"] += seconds * ASSUMED["express_mb"] / 1024
    else:
        total["transition"] += len(states)
    return total, waited


CLAIM = ["CheckRequest", "ReserveDevice", "IssueCertificate", "RegisterIdentity", "ChooseDelivery", "PublishChunks",
         "JudgeDelivery", "ActivateIdentity", "RecordProvisioned", "ThankDevice", "PublishActivated", "RecordTimeline",
         "EmitEvent", "JudgeOutcome", "Done"]
LEGACY = ["CheckRequest", "ReserveDevice", "IssueCertificate", "RegisterIdentity", "ChooseDelivery", "PublishLegacyAnswer",
          "RecordProvisioned", "ThankDevice", "RecordTimeline", "EmitEvent", "JudgeOutcome", "Done"]
REFUSED = ["CheckRequest", "AnswerPossible", "PublishRefusal", "RecordTimeline", "EmitEvent", "JudgeOutcome", "Done"]
JITR = ["InspectCertificate", "JudgeCertificate", "VerifyDevice", "JudgeVerdict", "ReserveDevice", "RegisterIdentity",
        "HoldDevice", "ActivateCertificate", "RecordProvisioned", "RecordTimeline", "EmitEvent", "JudgeOutcome", "Done"]
VENDING = ["TakeRequest", "BurnToken", "ReserveDevice", "IssueCertificate", "NoteToken", "RegisterIdentity", "JudgePurpose",
           "RecordProvisioned", "RecordTimeline", "EmitEvent", "JudgeOutcome", "Done"]
CHUNKED_ROTATION = ["CheckRequest", "ReserveRotation", "IssueCertificate", "RegisterIdentity", "PublishChunks",
                    "JudgeDelivery", "ActivateIdentity", "NoteCertificate", "RecordNext", "JudgeReplaced",
                    "PublishActivated", "RecordTimeline", "EmitEvent", "JudgeOutcome", "Done"]
PAGE_OF_ROTATION = ["ReadDue", "JudgePage", "NotifyDevices", "JudgeDeadlines", "JudgeCertificates", "RetireCertificates",
                    "JudgeMore", "AwaitPace"]
PAGE_OF_DEVICES = ["ChooseWalk", "ReconcileDevices", "JudgeStuck", "JudgeMore", "AwaitPace"]


def device_messages(connects=0, subscribes=0, sends=0, receives=0):
    """MQTT as AWS IoT meters it: CONNECT, SUBSCRIBE, PUBLISH either way, and the device's PUBACK of QoS 1."""
    return {"message": connects + subscribes + sends + 2 * receives, "minute": ASSUMED["claim_minutes"]}


def connected(name="rotation-completer, nothing new"):
    """The presence event of a connection, of whatever certificate of the account."""
    return queued(name)


def routes():
    record = {"RecordTimeline": write("line")}
    # What is due when, and whose certificate it is.
    provisioned = write("with certificate", BOTH_INDEXES)

    claim, _ = way("claim-provisioning", CLAIM, {
        "ReserveDevice": write("provisioning"), "IssueCertificate": "certificate-issuer",
        "RegisterIdentity": "identity-registrar, thing", "PublishChunks": "chunk-publisher",
        "ActivateIdentity": "identity-registrar, policy", "RecordProvisioned": provisioned,
        "PublishActivated": "chunk-publisher, one message", **record})
    claim = merge(claim, queued("claim-intake"), queued("delivery-acknowledger"), connected(), connected(),
                  device_messages(connects=2, subscribes=1, sends=2, receives=packets() + 1))

    legacy, _ = way("claim-provisioning", LEGACY, {
        "ReserveDevice": write("provisioning"), "IssueCertificate": "certificate-issuer, legacy",
        "RegisterIdentity": "identity-registrar", "PublishLegacyAnswer": "chunk-publisher, legacy",
        "RecordProvisioned": provisioned, **record})
    # LegacyMode has a rule of its own on every connection.
    legacy = merge(legacy, queued("claim-intake"), connected(), connected(),
                   queued("delivery-acknowledger, nobody waits"), queued("delivery-acknowledger"),
                   device_messages(connects=2, subscribes=1, sends=1, receives=2))

    signed = merge(invocation("device-certificate-generator", LATENCY_MS["lambda"]), invocation("allow-list-verifier"), {"api": 1})
    jitr, _ = way("jitr-activation", JITR, {
        "InspectCertificate": "certificate-inspector", "VerifyDevice": "allow-list-verifier",
        "ReserveDevice": write("with certificate"), "RegisterIdentity": "identity-registrar",
        "HoldDevice": write("with certificate"), "ActivateCertificate": "certificate-activator",
        "RecordProvisioned": provisioned, **record})
    jitr = merge(jitr, queued("jitr-activator"), connected(), device_messages(connects=2))
    # AWS IoT makes and attaches the thing: charged as if Muster did. The certificate and its device are one transaction. The
    # metric is a line of the log.
    jitp = merge(signed, {"log_gb": ASSUMED["log_line_bytes"] / 1e9}, write("certificate"), write("with certificate", BOTH_INDEXES, transaction=True), connected(),
                 {"registry": 2}, device_messages(connects=2))

    fleet = merge(invocation("pre-provisioning-hook"), {"registry": 2}, connected(), connected(),
                  device_messages(connects=2, subscribes=2, sends=2, receives=2))

    vending, waited = way("certificate-vending", VENDING, {
        "BurnToken": write("token"), "ReserveDevice": write("provisioning"), "IssueCertificate": "certificate-issuer",
        "NoteToken": write("token"), "RegisterIdentity": "identity-registrar", "RecordProvisioned": provisioned,
        **record}, express=True)
    vending = merge(vending, invocation("certificate-vendor", waited), {"api": 1},
                    connected("rotation-completer, first connection"), device_messages(connects=1))

    # Each renewal is two entries of the index: the device's, and later that of the certificate that it had.
    page = constant("functions/rotation-scanner/src/lib.rs", "PAGE")
    pages = 2 / page
    calls = {"ReadDue": "rotation-scanner", "NotifyDevices": "rotation-notifier", "RetireCertificates": "certificate-retirer"}
    check_loop("certificate-rotation", "RotateShards", PAGE_OF_ROTATION, calls)
    share = {"transition": len(PAGE_OF_ROTATION) * pages, "lambda": len(calls) * pages}
    told, retired = invocation("rotation-notifier"), invocation("certificate-retirer")
    told["lambda"] = retired["lambda"] = 0
    renewed = merge(share, told, retired, queued("rotation-completer"))
    fleet_renewal = merge(renewed, invocation("pre-provisioning-hook, rotation"), {"registry": 1},
                          device_messages(connects=1, subscribes=2, sends=2, receives=3))
    chunked, _ = way("chunked-rotation", CHUNKED_ROTATION, {
        "ReserveRotation": write("with certificate"), "IssueCertificate": "certificate-issuer, rotation",
        "RegisterIdentity": "identity-registrar, thing", "PublishChunks": "chunk-publisher",
        "ActivateIdentity": "identity-registrar, policy", "NoteCertificate": write("certificate", BOTH_INDEXES),
        "RecordNext": write("with two certificates"), "PublishActivated": "chunk-publisher, one message", **record})
    chunked_renewal = merge(renewed, chunked, queued("claim-intake, rotation"), queued("delivery-acknowledger"),
                            device_messages(connects=1, subscribes=1, sends=2, receives=packets() + 2))

    # A day on which a device is told again: one entry of a page.
    reminded = invocation("rotation-notifier")
    reminded["lambda"] = 0
    reminded = merge(reminded, {"transition": (len(PAGE_OF_ROTATION) - 1) / page, "lambda": 2 / page}, {"message": 2})

    refused, _ = way("claim-provisioning", REFUSED, {"PublishRefusal": "chunk-publisher, one message", **record})
    refused = merge(refused, queued("claim-intake"), {"message": 3})
    wrong = merge(invocation("certificate-vendor, wrong token"), {"api": 1})
    return {
        "claim": claim, "legacy": legacy, "jitr": jitr, "signed": signed, "jitp": jitp, "fleet": fleet, "vending": vending,
        "fleet renewal": fleet_renewal, "chunked renewal": chunked_renewal, "connection": connected(), "refused": refused,
        "wrong token": wrong, "reminded": reminded,
    }


def reconciliation(devices):
    """A day's comparison of so many devices, all in order."""
    scanned = devices * ASSUMED["ledger_items_of_device"]
    page = constant("crates/cloud/src/ledger/reconciliation.rs", "PAGE")
    things, certificates = (constant("crates/cloud/src/inventory.rs", name) for name in ["THINGS", "CERTIFICATES"])
    walks = {
        "device-reconciler": math.ceil(scanned / page),
        "thing-reconciler": math.ceil(devices / things),
        "certificate-reconciler": math.ceil(devices / certificates),
    }
    lookups = devices / 16
    seconds = {
        "device-reconciler": walks["device-reconciler"] * LATENCY_MS["dynamodb"] * 3 + lookups * LATENCY_MS["iot"],
        "thing-reconciler": walks["thing-reconciler"] * (LATENCY_MS["iot"] + 3 * 3 * LATENCY_MS["dynamodb"]),
        "certificate-reconciler": walks["certificate-reconciler"] * LATENCY_MS["iot"] + devices * LATENCY_MS["dynamodb"],
    }
    check_loop("reconciliation", "ReconcileParts", PAGE_OF_DEVICES, {
        "ReconcileDevices": "device-reconciler", "ReconcileThings": "thing-reconciler",
        "ReconcileCertificates": "certificate-reconciler",
    })
    total = collections.Counter()
    for function, pages in walks.items():
        invocations = math.ceil(pages / constant(f"functions/{function}/src/lib.rs", "PAGES"))
        total["lambda"] += invocations
        total["lambda_gb_s"] += seconds[function] / 1000 * memory_mb(function) / 1024
        total["log_gb"] += invocations * ASSUMED["log_line_bytes"] / 1e9
        total["transition"] += invocations * len(PAGE_OF_DEVICES)
    # The scan and the index are read eventually consistent, the devices of things consistently.
    total["read"] += devices * ASSUMED["ledger_bytes_of_device"] / 4096 / 2 + devices + devices / 2
    total["registry"] += walks["thing-reconciler"] + lookups
    return total


def own_metrics():
    """How many metrics there are of Muster's own, as far as somebody looks: each set of values of the dimensions is one."""
    dashboard = text_of("dashboard.yaml")
    alone = set(re.findall(r'\["Muster", "(\w+)"', dashboard))
    searched = set(re.findall(r'\{Muster,Stack,([\w,]+)\} MetricName=\\"(\w+)', dashboard))
    demand(alone and searched, "dashboard.yaml has no metrics of Muster's")
    of_stack = alone | {name for _, name in searched}
    values = {"Route": ASSUMED["routes"], "Reason": ASSUMED["reasons_of_route"], "Api": ASSUMED["throttled_apis"]}
    of_others = sum(math.prod(values[one] for one in dimensions.split(",")) for dimensions, _ in searched)
    watched = re.findall(r"^      Namespace: Muster\n      MetricName: (\w+)\n.*Name: (FunctionName|Stack),", TEMPLATE, re.MULTILINE)
    of_alarms = {name for name, dimension in watched if dimension == "FunctionName" or name not in of_stack}
    return len(of_stack) + of_others + len(of_alarms)


def standing(devices):
    """What costs by the month, whatever happens; for twelve months."""
    queues = len(re.findall(r"^    Type: AWS::Lambda::EventSourceMapping$", TEMPLATE, re.MULTILINE))
    # An alarm costs by the metrics that it looks at: a query on rules, one for each rule.
    alarms = len(re.findall(r"^    Type: AWS::CloudWatch::Alarm$", TEMPLATE, re.MULTILINE))
    alarms += len(re.findall(r" OR$", TEMPLATE, re.MULTILINE))
    dashboards = len(re.findall(r"^    Type: AWS::CloudWatch::Dashboard$", TEMPLATE, re.MULTILINE))
    metrics = own_metrics()
    keys = len(re.findall(r"^    Type: AWS::KMS::Key$", TEMPLATE, re.MULTILINE))
    months, days = 12, 365
    gigabytes = devices * ASSUMED["ledger_bytes_of_device"] / 1e9
    return {
        "sqs": queues * ASSUMED["pollers_of_queue"] * 3 * 60 * 24 * days,
        "alarm_month": alarms * months, "metric_month": metrics * months,
        "dashboard_month": dashboards * months, "key_month": keys * months,
        "kms": ASSUMED["principals_with_ledger_key"] * 12 * 24 * days,
        "gb_month": gigabytes * months, "backup_gb_month": gigabytes * months,
    }


# --- Tables -------------------------------------------------------------------------------------------------------------------


def dollars(cost, times=1):
    by_service = collections.Counter()
    for unit, count in cost.items():
        price, per, _, service, _ = PRICES[unit]
        by_service[service] += count * times * price / per
    return by_service


def money(amount):
    if amount == 0:
        return ""
    return f"{amount:,.0f}" if amount >= 10 else f"{amount:.2f}"


def cost_table(rows):
    heads = SERVICES + ["the rest"]
    lines = ["| | " + " | ".join(["in all"] + heads) + " |", "|---|" + "--:|" * (len(heads) + 1)]
    for name, cost, times in rows:
        by_service = dollars(cost, times)
        rest = sum(amount for service, amount in by_service.items() if service not in SERVICES)
        cells = [sum(by_service.values())] + [by_service[service] for service in SERVICES] + [rest]
        lines.append(f"| {name} | " + " | ".join(money(cell) for cell in cells) + " |")
    return lines


def number(count):
    return f"{count:.3g}" if count and count < 10 and count != int(count) else f"{count:,.0f}"


def count_table(rows):
    units = [("transition", "transitions"), ("lambda", "Lambda requests"), ("lambda_gb_s", "GB-seconds"),
             ("write", "write units"), ("read", "read units"), ("message", "MQTT messages"), ("rule", "rules"),
             ("registry", "registry"), ("sqs", "SQS"), ("event", "events"), ("kms", "KMS"), ("api", "API")]
    lines = ["| | " + " | ".join(head for _, head in units) + " |", "|---|" + "--:|" * len(units)]
    for name, cost in rows:
        cells = (number(cost[unit]) if cost[unit] else "" for unit, _ in units)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


NAMES = {
    "claim": "claim certificate, in chunks", "legacy": "claim certificate, legacy mode",
    "jitr": "own certificate, JITR with `allow-list`", "signed": "a certificate that Muster signs, for JITR",
    "jitp": "a certificate that Muster signs, JITP", "fleet": "fleet provisioning", "vending": "token over HTTPS",
    "fleet renewal": "renewal, by the fleet's template", "chunked renewal": "renewal, in chunks",
    "connection": "a connection of any device", "refused": "a request with a claim certificate that is refused",
    "wrong token": "a wrong token over HTTPS",
}


def dominating(cost):
    """The two units that cost most, with their shares."""
    amounts = {unit: count * PRICES[unit][0] / PRICES[unit][1] for unit, count in cost.items()}
    total = sum(amounts.values())
    most = sorted(amounts, key=amounts.get, reverse=True)[:3]
    return ", ".join(f"{PRICES[unit][3]}: {PRICES[unit][2]} ({amounts[unit] / total:.0%})" for unit in most)


def tables():
    for name in CASES:
        check_case(name)
    ways = routes()
    once = [name for name in NAMES if name not in ("fleet renewal", "chunked renewal")]
    day = reconciliation(MILLION)
    lines = [f"**US dollars for a million**, list prices of {REGION} as of {PRICES_OF}, without free tiers:", ""]
    lines += cost_table([(NAMES[name], ways[name], MILLION) for name in once])
    lines += ["", "**US dollars a year for a million devices:**", ""]
    lines += cost_table([
        ("renewal by the fleet's template, once a year", ways["fleet renewal"], MILLION),
        ("renewal in chunks, once a year", ways["chunked renewal"], MILLION),
        ("each connects once a day", ways["connection"], MILLION * 365),
        ("the daily comparison", day, 365),
        ("what stands: ledger, keys, alarms, empty queues", standing(MILLION), 1),
        ("the same without devices", standing(0), 1),
    ])
    lines += ["", "**What is counted, for one:**", ""]
    lines += count_table([(NAMES[name], ways[name]) for name in NAMES])
    lines += ["", "**What costs most of each:**", "", "| | |", "|---|---|"]
    lines += [f"| {NAMES[name]} | {dominating(ways[name])} |" for name in NAMES]
    lines.append(f"| the daily comparison | {dominating(day)} |")

    lines += ["", "**What a setting changes,** in US dollars for a million:", "", "| | before | after |", "|---|--:|--:|"]
    before = {name: sum(dollars(cost, MILLION).values()) for name, cost in ways.items()}
    ASSUMED["messages_in_batch"] = 10
    after = {name: sum(dollars(cost, MILLION).values()) for name, cost in routes().items()}
    ASSUMED["messages_in_batch"] = 1
    for name in ["claim", "jitr", "fleet", "vending", "connection"]:
        lines.append(f"| {NAMES[name]}: the queues' messages come ten at a time, as in a burst | {money(before[name])} | {money(after[name])} |")
    thirty = before["fleet renewal"] + 30 * before["reminded"]
    lines.append(f"| {NAMES['fleet renewal']}: every device is told on thirty days more before it does | {money(before['fleet renewal'])} | {money(thirty)} |")
    a_round = merge({"transition": 2}, queued("delivery-acknowledger"), invocation("chunk-publisher"),
                    device_messages(sends=1, receives=packets()))
    a_round["minute"] = 0
    more = before["claim"] + sum(dollars(a_round, MILLION).values())
    lines.append(f"| {NAMES['claim']}: every device needs a second round, with all chunks | {money(before['claim'])} | {money(more)} |")
    retried = before["claim"] + sum(dollars({"transition": 1, "lambda": 1}, MILLION).values())
    lines.append(f"| {NAMES['claim']}: every device is throttled once, and one task repeated | {money(before['claim'])} | {money(retried)} |")

    lines += ["", "**Prices**", "", "| service | unit | US dollars | for | source |", "|---|---|--:|--:|---|"]
    for price, per, unit, service, source in PRICES.values():
        shown = f"{price:.10f}".rstrip("0")
        shown = shown + "0" * max(0, 2 - len(shown.split(".")[1]))
        lines.append(f"| {service} | {unit} | {shown} | {per:,} | <https://aws.amazon.com/{source}/> |")

    lines += ["", "**Assumed**", "", "| what | |", "|---|--:|"]
    words = {
        "messages_in_batch": "messages of a queue in one batch", "log_line_bytes": "bytes of a line in the log",
        "claim_minutes": "minutes of connection that are counted for each way",
        "ledger_bytes_of_device": "bytes of a device in the ledger, with a year's timeline",
        "ledger_items_of_device": "items of a device in the ledger", "express_mb": "MB of memory of an express execution",
        "principals_with_ledger_key": "roles for which DynamoDB asks KMS every five minutes",
        "routes": "routes by which devices come in a month", "reasons_of_route": "reasons for which devices of a route are refused",
        "throttled_apis": "APIs that throttle in a month", "pollers_of_queue": "pollers of Lambda at an empty queue",
    }
    lines += [f"| {words[name]} | {count:,} |" for name, count in ASSUMED.items()]
    lines += [f"| ms of a call to {service} | {time} |" for service, time in LATENCY_MS.items()]
    lines += [f"| bytes of an item: {name} | {size:,} |" for name, size in ITEMS.items()]
    return lines


def main():
    printed = tables()
    if failures:
        sys.exit("\n".join(dict.fromkeys(failures)))
    if sys.argv[1:] == []:
        print("\n".join(printed))
        return
    document = DOCUMENT.read_text(encoding="utf-8")
    head, rest = document.split(BEGIN)
    _, tail = rest.split(END)
    wanted = head + BEGIN + "\n\n" + "\n".join(printed) + "\n\n" + END + tail
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    elif wanted != document:
        sys.exit("docs/costs.md is not what benchmarks/costs.py prints: look at the difference, then run it with --write")


main()
