"""A stand-in: signs certificate signing requests over MQTT (`$aws/certificates/create-from-csr/json`), which the emulator's
fleet provisioning lacks. The certificate, its ownership token and the answers are made by the emulator's own code for
certificates and tokens. CBOR is not spoken here.
"""

import json
import secrets
import time

from ministack.services import iot

TOPIC = "$aws/certificates/create-from-csr/json"
OPERATION = "create-from-csr"


def create(account_id: str, region: str, payload: bytes) -> tuple[str, dict]:
    try:
        request = json.loads(payload)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        return iot._fleet_rejected("InvalidPayload", "Message cannot be parsed")
    with iot.request_scope(account_id, region):
        status, _headers, body = iot._create_certificate_from_csr(request, {})
        made = json.loads(body)
        if status != 200:
            return iot._fleet_rejected("InvalidCsr", made["message"], status)
        certificate_id = made["certificateId"]
        iot._certificates[certificate_id] = {**iot._certificates[certificate_id], "status": "PENDING_ACTIVATION"}
        token = secrets.token_urlsafe(48)
        iot._drop_expired(iot._ownership_tokens)
        iot._ownership_tokens[token] = {
            "certificateId": certificate_id,
            "expiration": time.time() + iot._OWNERSHIP_TOKEN_SECONDS,
        }
    return "accepted", {
        "certificateId": certificate_id,
        "certificatePem": made["certificatePem"],
        "certificateOwnershipToken": token,
    }


def install() -> None:
    parse, reply = iot._parse_fleet_provisioning_topic, iot._fleet_provisioning_reply

    def parse_also_requests(topic):
        return (OPERATION, None) if topic == TOPIC else parse(topic)

    async def reply_also_to_requests(account_id, region, operation, template_name, payload, connection):
        if operation == OPERATION:
            return create(account_id, region, payload)
        return await reply(account_id, region, operation, template_name, payload, connection)

    iot._parse_fleet_provisioning_topic = parse_also_requests
    iot._fleet_provisioning_reply = reply_also_to_requests
