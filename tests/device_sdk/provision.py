"""A device of a fleet with AWS's own device SDK: gets its certificate by fleet provisioning, and says hello with it.

    provision.py BUNDLE [CSR KEY]

BUNDLE is the folder of a bundle, with the serial filled in. CSR and KEY are files in PEM: the request for a certificate
and the private key that it is for. Without them AWS IoT makes the key. What came of it is printed as JSON.
"""

import json
import os
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from awscrt import mqtt5
from awscrt.mqtt_request_response import ClientOptions
from awsiot import iotidentity, mqtt5_client_builder

# How long anything may take on a loaded machine, in seconds.
PATIENCE = 60


@contextmanager
def connected(bundle: Path, client_id: str, certificate: Path, key: Path):
    configuration = json.loads((bundle / "config.json").read_text())
    up, down = Future(), Future()
    client = mqtt5_client_builder.mtls_from_path(
        endpoint=configuration["endpoint"],
        port=configuration["port"],
        ca_filepath=str(bundle / "root.ca.pem"),
        cert_filepath=str(certificate),
        pri_key_filepath=str(key),
        client_id=client_id,
        on_lifecycle_connection_success=lambda _: up.done() or up.set_result(None),
        on_lifecycle_stopped=lambda _: down.set_result(None),
    )
    client.start()
    try:
        up.result(PATIENCE)
        yield client
    finally:
        client.stop()
        down.result(PATIENCE)


def kept(path: Path, text: str) -> Path:
    """Writes what nobody else is to read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


def provision(bundle: Path, serial: str, csr: Path | None, key: Path | None) -> tuple[str, Path, Path]:
    configuration = json.loads((bundle / "config.json").read_text())
    with connected(bundle, serial, bundle / "claim.cert.pem", bundle / "claim.key.pem") as client:
        options = ClientOptions(max_request_response_subscriptions=4, max_streaming_subscriptions=0)
        identity = iotidentity.IotIdentityClientV2(client, options)
        if csr:
            request = iotidentity.CreateCertificateFromCsrRequest(certificate_signing_request=csr.read_text())
            made = identity.create_certificate_from_csr(request).result(PATIENCE)
        else:
            made = identity.create_keys_and_certificate(iotidentity.CreateKeysAndCertificateRequest()).result(PATIENCE)
            key = kept(bundle / "own.key.pem", made.private_key)
        request = iotidentity.RegisterThingRequest(
            template_name=configuration["provisioningTemplate"],
            certificate_ownership_token=made.certificate_ownership_token,
            parameters={"SerialNumber": serial, "ModelType": configuration["model"]},
        )
        thing = identity.register_thing(request).result(PATIENCE)
    return thing.thing_name, kept(bundle / "own.cert.pem", made.certificate_pem), key


def main() -> None:
    bundle, *own = map(Path, sys.argv[1:])
    csr, key = own or (None, None)
    serial = json.loads((bundle / "machine_config.json").read_text())["serial_num"]
    thing_name, certificate, key = provision(bundle, serial, csr, key)
    with connected(bundle, thing_name, certificate, key) as client:
        hello = mqtt5.PublishPacket(topic=f"devices/{thing_name}/hello", payload=b"{}", qos=mqtt5.QoS.AT_LEAST_ONCE)
        acknowledged = client.publish(hello).result(PATIENCE).puback
    print(json.dumps({"thingName": thing_name, "acknowledged": acknowledged.reason_code.name}))


main()
