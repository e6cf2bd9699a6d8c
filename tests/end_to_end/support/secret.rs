//! A private key, and every form in which it could lie around.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands before a P-256 key's number in PKCS#8 (RFC 5915: version 1, octet string of 32 bytes).
const BEFORE_NUMBER: [u8; 7] = [0x30, 0x6b, 2, 1, 1, 4, 0x20];

/// Something that must be nowhere.
pub struct Secret {
    name: String,
    forms: Vec<String>,
}

impl Secret {
    /// A P-256 key, PEM in PKCS#8. Only its secret number is looked for: around it stands what every key has, and
    /// its public half, which is in its certificate.
    pub fn key(name: &str, pem: &str) -> Self {
        let der = muster_pki::pem_to_der(pem).unwrap();
        let at = der
            .windows(BEFORE_NUMBER.len())
            .position(|bytes| bytes == BEFORE_NUMBER);
        let start = at.expect("a P-256 key") + BEFORE_NUMBER.len();
        let number = &der[start..start + 32];
        let mut forms = vec![latin(number), latin(&number[..16]), latin(&number[16..])];
        let hex = hex::encode(number);
        forms.extend([hex.to_uppercase(), hex]);
        forms.extend(inside(number));
        // The PEM's lines break in the middle of the number; they may be packed once more, alone or together.
        let (first, last) = ((start * 4).div_ceil(3), (start + 32) * 4 / 3);
        let mut before = 0;
        for line in pem.lines().filter(|line| !line.starts_with('-')) {
            let (from, to) = (first.saturating_sub(before), last.saturating_sub(before));
            let secret = line.get(from..to.min(line.len())).unwrap_or_default();
            before += line.len();
            if secret.len() >= 16 {
                forms.push(secret.to_owned());
                forms.extend(inside(secret.as_bytes()));
            }
        }
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    /// The words around a key, plain and packed in base64.
    pub fn words(text: &str) -> Self {
        let mut forms = inside(text.as_bytes());
        forms.push(text.to_owned());
        Self {
            name: text.to_owned(),
            forms,
        }
    }

    /// Whether it is in these bytes in any form.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let text = latin(bytes);
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }

    /// What to call it in a test's failure.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A character for each byte, so that bytes are searched as text is.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The characters that base64 makes of these bytes alone, wherever they begin in what is packed.
fn inside(bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|before| {
            let mut padded = vec![0; before];
            padded.extend(bytes);
            let text = STANDARD.encode(&padded);
            let text = text.trim_end_matches('=');
            // The first characters hold bits of what is before, the last may hold bits of what follows.
            let skip = [0, 2, 3][before];
            text[skip..text.len() - usize::from(padded.len() % 3 != 0)].to_owned()
        })
        .collect()
}

#[test]
fn a_key_is_found_in_every_form() {
    use secrecy::ExposeSecret;
    let pem = muster_pki::DeviceKey::generate().unwrap().pem();
    let pem = pem.expose_secret();
    let der = muster_pki::pem_to_der(pem).unwrap();
    let secret = Secret::key("key", pem);
    let json = serde_json::json!({ "privateKey": pem }).to_string();
    let packed = |before: &str, bytes: &[u8]| {
        STANDARD
            .encode([before.as_bytes(), bytes].concat())
            .into_bytes()
    };
    let lines: Vec<_> = pem.lines().collect();
    for form in [
        pem.as_bytes().to_vec(),
        json.clone().into_bytes(),
        der.clone(),
    ] {
        assert!(secret.is_in(&form));
        for before in ["", "a", "ab"] {
            assert!(secret.is_in(&packed(before, &form)), "behind {before:?}");
        }
    }
    assert!(
        secret.is_in(lines[1].as_bytes()) && secret.is_in(lines[2].as_bytes()),
        "a line alone"
    );
    assert!(Secret::words("PRIVATE KEY").is_in(json.as_bytes()));
    assert!(Secret::words("PRIVATE KEY").is_in(&packed("x", pem.as_bytes())));
    let other = muster_pki::DeviceKey::generate().unwrap();
    assert!(
        !secret.is_in(other.pem().expose_secret().as_bytes()),
        "another key"
    );
    assert!(!secret.is_in(STANDARD.encode(other.csr("x").unwrap().der()).as_bytes()));
}
