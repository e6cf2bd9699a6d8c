//! The one certificate of a device, and nobody else's.

use super::{Holder, Known, NotAdopted};
use crate::ports::RegisteredCertificate;
use crate::rotation::Day;
use muster_documents::Serial;
use muster_pki::{CertificateSummary, read_certificate};

/// AWS IoT's status of a certificate that may connect.
const ACTIVE: &str = "ACTIVE";

/// The one active certificate among those of a thing.
///
/// # Errors
/// [`NotAdopted::NoCertificate`] and [`NotAdopted::SeveralCertificates`].
pub fn one_active(
    attached: Vec<RegisteredCertificate>,
) -> Result<RegisteredCertificate, NotAdopted> {
    let (mut active, inactive): (Vec<_>, Vec<_>) = attached
        .into_iter()
        .partition(|one| one.description.status == ACTIVE);
    match (active.pop(), active.as_slice()) {
        (Some(one), []) => Ok(one),
        (Some(last), _) => {
            let all = active.iter().chain([&last]);
            let ids = all.map(|one| one.description.certificate_id.clone());
            Err(NotAdopted::SeveralCertificates(ids.collect()))
        }
        (None, _) => {
            let said = inactive.iter().map(|one| {
                let description = &one.description;
                format!("{} ({})", description.certificate_id, description.status)
            });
            Err(NotAdopted::NoCertificate(said.collect()))
        }
    }
}

/// That a certificate is this device's alone. It is attached to `things`, of which a few are enough; `policies` are
/// attached to it, and `claim_policies` are those of claim certificates.
///
/// # Errors
/// Whose it is as well, or instead.
pub fn check_holders(
    serial: &Serial,
    id: &str,
    things: &[String],
    policies: &[String],
    claim_policies: &[&str],
    known: &Known,
) -> Result<(), NotAdopted> {
    let is_claim = policies
        .iter()
        .any(|policy| claim_policies.contains(&policy.as_str()));
    match known.holders.get(id) {
        Some(Holder::Claim) => return Err(NotAdopted::ClaimCertificate(id.to_owned())),
        _ if is_claim => return Err(NotAdopted::ClaimCertificate(id.to_owned())),
        Some(Holder::Device(device)) if device != serial.as_str() => {
            return Err(NotAdopted::CertificateOfAnother {
                id: id.to_owned(),
                device: device.clone(),
            });
        }
        _ => {}
    }
    let others = things.iter().filter(|thing| *thing != serial.as_str());
    let others: Vec<_> = others.cloned().collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(NotAdopted::CertificateShared {
        id: id.to_owned(),
        others,
    })
}

/// What a certificate says, if its time is not over at `now`, in seconds since 1970.
///
/// # Errors
/// [`NotAdopted::CertificateEnded`] and [`NotAdopted::CertificateUnreadable`].
pub fn check_validity(
    certificate: &RegisteredCertificate,
    now: i64,
) -> Result<CertificateSummary, NotAdopted> {
    let id = || certificate.description.certificate_id.clone();
    let read = read_certificate(&certificate.der);
    let read = read.map_err(|_| NotAdopted::CertificateUnreadable(id()))?;
    if read.not_after_unix < now {
        let on = Day::of(read.not_after_unix.saturating_mul(1000));
        return Err(NotAdopted::CertificateEnded { id: id(), on });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_documents::CertificateDescription;
    use muster_pki::{ClaimCertificate, DeviceKey, Validity};

    fn certificate(id: &str, status: &str) -> RegisteredCertificate {
        RegisteredCertificate {
            description: CertificateDescription {
                certificate_arn: format!("arn:{id}"),
                certificate_id: id.to_owned(),
                ca_certificate_id: None,
                status: status.to_owned(),
                certificate_pem: String::new(),
                owned_by: None,
                thing_name: None,
            },
            der: Vec::new(),
        }
    }

    fn serial() -> Serial {
        Serial::new("sensor-1").unwrap()
    }

    #[test]
    fn inactive_certificates_beside_the_active_one_do_not_matter() {
        let attached = ["INACTIVE", "ACTIVE", "REVOKED"].map(|status| certificate(status, status));
        let one = one_active(attached.to_vec()).unwrap();
        assert_eq!(one.description.certificate_id, "ACTIVE");
    }

    #[test]
    fn without_an_active_certificate_it_is_said_what_there_is() {
        let none = one_active(Vec::new()).unwrap_err();
        assert!(
            none.to_string()
                .starts_with("it has no active certificate. ")
        );
        let inactive = vec![certificate("ab", "INACTIVE"), certificate("cd", "REVOKED")];
        let none = one_active(inactive).unwrap_err().to_string();
        assert!(none.contains("only ab (INACTIVE), cd (REVOKED)"), "{none}");
    }

    #[test]
    fn of_several_active_certificates_none_is_guessed() {
        let active = vec![certificate("ab", ACTIVE), certificate("cd", ACTIVE)];
        let several = one_active(active).unwrap_err();
        assert_eq!(
            several,
            NotAdopted::SeveralCertificates(vec!["ab".to_owned(), "cd".to_owned()])
        );
    }

    fn held(things: &[&str], policies: &[&str], holder: Option<Holder>) -> Result<(), NotAdopted> {
        let owned = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let mut known = Known::default();
        known
            .holders
            .extend(holder.map(|holder| ("ab".to_owned(), holder)));
        let (things, policies) = (owned(things), owned(policies));
        check_holders(&serial(), "ab", &things, &policies, &["claim"], &known)
    }

    #[test]
    fn a_certificate_that_nobody_else_has_is_the_devices() {
        assert_eq!(held(&["sensor-1"], &["theirs"], None), Ok(()));
        let own = Holder::Device("sensor-1".to_owned());
        assert_eq!(held(&["sensor-1"], &[], Some(own)), Ok(()));
    }

    #[test]
    fn a_certificate_that_others_have_is_nobodys() {
        let shared = held(&["sensor-0", "sensor-1", "sensor-2"], &[], None).unwrap_err();
        // Not all of them may have been asked for.
        assert!(shared.to_string().contains("sensor-0, sensor-2 among them"));
        assert_eq!(
            shared,
            NotAdopted::CertificateShared {
                id: "ab".to_owned(),
                others: vec!["sensor-0".to_owned(), "sensor-2".to_owned()],
            }
        );
        let another = Holder::Device("sensor-9".to_owned());
        let another = held(&["sensor-1"], &[], Some(another)).unwrap_err();
        assert_eq!(another.name(), "CertificateOfAnother");
        for (policies, holder) in [(&["claim"][..], None), (&[][..], Some(Holder::Claim))] {
            let claim = held(&["sensor-1"], policies, holder).unwrap_err();
            assert_eq!(claim, NotAdopted::ClaimCertificate("ab".to_owned()));
        }
    }

    #[test]
    fn a_certificate_that_has_ended_renews_nothing() {
        let key = DeviceKey::generate().unwrap();
        let now = 1_767_225_600;
        let issued = ClaimCertificate::issue(&key, "-", Validity::of_days(now, 10)).unwrap();
        let mut certificate = certificate("ab", ACTIVE);
        certificate.der = issued.der().to_vec();
        let read = check_validity(&certificate, now).unwrap();
        assert_eq!(read.public_key_fingerprint, key.fingerprint());
        let ended = check_validity(&certificate, now + 11 * 86_400).unwrap_err();
        assert_eq!(ended.name(), "CertificateEnded");
        assert!(ended.to_string().contains("on 20260111"), "{ended}");
        certificate.der.pop();
        let broken = check_validity(&certificate, now).unwrap_err();
        assert_eq!(broken.name(), "CertificateUnreadable");
    }
}
