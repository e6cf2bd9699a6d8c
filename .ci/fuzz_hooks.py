"""Puts serials and tokens that go together into every other request, so that what is answered with 200 is checked as well.

A token is good for one certificate: with a CSR it is answered again and again, without one it is used up. So some serials
always ask with their own CSR, and the others in turn without. Read by schemathesis, which .ci/fuzz starts.
"""

import csv
import itertools
import json
import os
import urllib.request

import schemathesis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

API = os.environ["FUZZ_API"]
with open(os.environ["FUZZ_TOKENS"], newline="") as file:
    TOKENS = {row["serial"]: row["token"] for row in csv.DictReader(file)}
ANSWERS = open(os.environ["FUZZ_ANSWERS"], "a", buffering=1)


def csr(serial):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, serial)])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def ask(method, path, body):
    request = urllib.request.Request(API + path, json.dumps(body).encode(), {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


serials = iter(TOKENS)
OWN_KEY = {serial: csr(serial) for serial in itertools.islice(serials, 8)}
WITHOUT_CSR = itertools.cycle(serials)
WITH_CSR = itertools.cycle(OWN_KEY.items())

# These devices have a thing, and so a shadow.
for serial, request in OWN_KEY.items():
    body = {"serialNumber": serial, "deviceToken": TOKENS[serial], "csr": request}
    ask("POST", "/certificates", body)
    ask("PUT", f"/shadow?serialNumber={serial}&deviceToken={TOKENS[serial]}", {"interval": 60})

turns = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    turn = next(turns)
    path, positive = case.operation.path, case.meta.generation.mode.is_positive
    if turn % 2 or path == "/openapi.json":
        return
    own_key = path == "/shadow" or turn % 8
    serial, request = next(WITH_CSR) if own_key else (next(WITHOUT_CSR), None)
    shown = {"serialNumber": serial, "deviceToken": TOKENS[serial]}
    if path != "/certificates":
        case.query = {**(case.query or {}), **shown}
    elif isinstance(case.body, dict):
        case.body = {**case.body, **shown}
        if positive:
            case.body.pop("csr", None)
            case.body.update({"csr": request} if request else {})
    if case.operation.method == "put" and positive:
        case.body = {"state": {"desired": {"interval": turn}}} if turn % 4 else {"interval": turn}
    # Two tokens have to be equal.
    case.headers.pop("x-device-token", None)


@schemathesis.hook
def after_call(context, case, response):
    print(case.operation.label, response.status_code, file=ANSWERS)


@schemathesis.check
def only_right_tokens_open(ctx, response, case):
    if response.status_code != 200 or case.operation.label == "GET /openapi.json":
        return
    shown = case.body if case.operation.path == "/certificates" else case.query
    token = case.headers.get("x-device-token") or shown.get("deviceToken")
    assert token and TOKENS.get(shown["serialNumber"]) == token, "somebody came in without the right token"
