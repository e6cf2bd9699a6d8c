"""A stand-in: plays AWS IoT's part in just-in-time provisioning (JITP), which the emulator lacks.

When a device connects whose CA carries a `registrationConfig`, AWS IoT registers the certificate as pending, closes the
connection, and applies the CA's template under the configuration's role. The emulator does the first two; this does the
third, with the emulator's own reading of templates and its own check of the role, right after the event of the
registration.
"""

import json
import logging

from cryptography import x509
from cryptography.x509.oid import NameOID

from ministack.services import iot

LOG = logging.getLogger("just_in_time_provisioning")

# What AWS IoT takes from a certificate's subject (AWS IoT developer guide, "Just-in-time provisioning").
FIELDS = {
    "AWS::IoT::Certificate::Country": NameOID.COUNTRY_NAME,
    "AWS::IoT::Certificate::Organization": NameOID.ORGANIZATION_NAME,
    "AWS::IoT::Certificate::OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "AWS::IoT::Certificate::DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "AWS::IoT::Certificate::StateName": NameOID.STATE_OR_PROVINCE_NAME,
    "AWS::IoT::Certificate::CommonName": NameOID.COMMON_NAME,
    "AWS::IoT::Certificate::SerialNumber": NameOID.SERIAL_NUMBER,
}


def parameters_of(certificate_pem: str) -> dict:
    subject = x509.load_pem_x509_certificate(certificate_pem.encode()).subject
    found = {name: subject.get_attributes_for_oid(field) for name, field in FIELDS.items()}
    return {name: values[0].value for name, values in found.items() if values}


async def provision(certificate: dict, configuration: dict) -> None:
    body = json.loads(configuration["templateBody"])
    parameters = parameters_of(certificate["certificatePem"])
    declared = [name for name in body.get("Parameters", {}) if name in FIELDS]
    missing = [name for name in declared if name not in parameters]
    if missing:
        raise ValueError(f"the certificate has no {', '.join(missing)}")
    template = {
        "templateName": certificate["caCertificateId"],
        "defaultVersionId": 1,
        "versions": {"1": {"templateBody": body}},
    }
    plan = iot._provisioning_plan(template, parameters, certificate["certificateId"])
    await iot._apply_provisioning_plan(plan, certificate, configuration["roleArn"])


def install() -> None:
    """Has every registration of a certificate followed by what its CA's template says."""
    announce = iot._publish_certificate_registered

    async def announce_and_provision(account_id, region, certificate, *rest):
        await announce(account_id, region, certificate, *rest)
        with iot.request_scope(account_id, region):
            authority = iot._ca_certificates.get(certificate["caCertificateId"]) or {}
            configuration = authority.get("registrationConfig")
            if not configuration:
                return
            try:
                await provision(certificate, configuration)
            except Exception as error:
                # As on AWS, the device is told nothing: its certificate stays pending, and its next connection tries again.
                LOG.warning("certificate %s is not provisioned: %s", certificate["certificateId"], describe(error))

    iot._publish_certificate_registered = announce_and_provision


def describe(error: Exception) -> str:
    reply = getattr(error, "reply", None)
    return reply[1]["errorMessage"] if reply else str(error)
