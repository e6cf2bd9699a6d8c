//! What there is to take down, looked up kind by kind.

use super::belongings::{Account, Belongings, sort_certificates, sort_things};
use super::kind::Kind;
use super::report::{Kept, Piece};
use super::world::World;
use futures_util::{StreamExt, TryStreamExt, stream};
use muster_cloud::operator::{FileVersion, Holdings, Registered, holdings};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::{BTreeMap, BTreeSet};

/// The end of the key of the vault's record of a CA, after its id.
const RECORD: &str = "/ca.json";
/// How many certificates are looked up at once.
const AT_ONCE: usize = 4;

const TAGGED: &str = "it has the tag madeBy=muster, and the stack has not registered it: registered by hand, or by another \
     stack";
const OTHER: &str = "not Muster's";

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// What is to go, by kind.
    pub pieces: BTreeMap<Kind, Vec<Piece>>,
    /// What stays.
    pub kept: Vec<Kept>,
    /// How many devices the ledger knows.
    pub devices: usize,
    /// The ARNs of the certificates that go.
    pub going: BTreeSet<String>,
}

impl Survey {
    /// What is to go of a kind.
    pub fn of(&self, kind: Kind) -> &[Piece] {
        self.pieces.get(&kind).map_or(&[], |pieces| pieces)
    }

    fn add(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        for piece in pieces {
            self.pieces.entry(piece.kind).or_default().push(piece);
        }
    }
}

/// Looks everything up.
pub async fn survey(world: &World) -> Result<Survey, CloudFailure> {
    let mut survey = Survey::default();
    works(world, &mut survey).await?;
    let files = match world.vault() {
        Some(vault) => vault.list().await?,
        None => Vec::new(),
    };
    let authorities = authorities(world, &files, &mut survey).await?;
    let (prefix, mark) = (world.prefix(), world.mark());
    let policies = world.registry.policies(&prefix).await?;
    let attached = attachments(world, &policies).await?;
    devices(world, &authorities, &attached, &mut survey).await?;
    let staying = attached
        .into_iter()
        .filter(|(_, target)| !survey.going.contains(target))
        .map(|(policy, target)| Piece::with(Kind::PolicyAttachment, policy, target))
        .collect::<Vec<_>>();
    survey.add(staying);
    let templates = world.registry.templates(&mark).await?.into_iter();
    survey.add(templates.map(|name| Piece::new(Kind::ProvisioningTemplate, name)));
    survey.add(
        policies
            .into_iter()
            .map(|name| Piece::new(Kind::FleetPolicy, name)),
    );
    let aliases = world.registry.role_aliases(&prefix).await?.into_iter();
    survey.add(aliases.map(|name| Piece::new(Kind::RoleAlias, name)));
    stack(world, &mut survey);
    remains(world, files, &mut survey).await?;
    Ok(survey)
}

/// What keeps the stack going.
async fn works(world: &World, survey: &mut Survey) -> Result<(), CloudFailure> {
    let rules = world.living("AWS::IoT::TopicRule");
    survey.add(rules.map(|name| Piece::new(Kind::TopicRule, name)));
    let functions = world.living("AWS::Lambda::Function");
    survey.add(functions.map(|name| Piece::new(Kind::Function, name)));
    for machine in world.living("AWS::StepFunctions::StateMachine") {
        let running = match world.works.running(machine).await {
            Err(error) if error.kind == FailureKind::NotFound => Vec::new(),
            running => running?,
        };
        survey.add(
            running
                .into_iter()
                .map(|arn| Piece::new(Kind::Execution, arn)),
        );
    }
    Ok(())
}

/// The CAs that the vault has a record of are Muster's; gives their ids.
async fn authorities(
    world: &World,
    files: &[FileVersion],
    survey: &mut Survey,
) -> Result<Vec<String>, CloudFailure> {
    let recorded: BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.key.strip_suffix(RECORD)?.rsplit('/').next())
        .collect();
    let mut ours = Vec::new();
    for authority in world.authorities.list().await? {
        let id = &authority.certificate_id;
        if !recorded.contains(id.as_str()) {
            survey.kept.push(Kept {
                reason: if authority.served { TAGGED } else { OTHER },
                kind: Kind::Authority,
                name: id.clone(),
            });
            continue;
        }
        let shut = authority.is_shut() && authority.auto_registration != "ENABLE";
        if !shut {
            survey.add([Piece::new(Kind::OpenAuthority, id)]);
        }
        survey.add([Piece::new(Kind::Authority, id)]);
        ours.push(authority.certificate_id);
    }
    Ok(ours)
}

/// What the stack's policies and its fleets' are attached to.
async fn attachments(
    world: &World,
    fleets: &[String],
) -> Result<Vec<(String, String)>, CloudFailure> {
    let own = world.living("AWS::IoT::Policy").map(str::to_owned);
    let all: BTreeSet<_> = own.chain(fleets.iter().cloned()).collect();
    let mut attached = Vec::new();
    for policy in all {
        let targets = world.registry.targets_of(&policy).await?;
        attached.extend(targets.into_iter().map(|target| (policy.clone(), target)));
    }
    Ok(attached)
}

/// Devices with their things and certificates, and claims.
async fn devices(
    world: &World,
    authorities: &[String],
    attached: &[(String, String)],
    survey: &mut Survey,
) -> Result<(), CloudFailure> {
    let known = known(world).await?;
    survey.devices = known.devices.len();
    let mut account = Account {
        certificates: world.registry.certificates().await?,
        things: world.registry.things().await?,
        with_policy: attached.iter().map(|(_, target)| target.clone()).collect(),
        ..Account::default()
    };
    for ca in authorities {
        account
            .signed
            .extend(world.authorities.certificates_of(ca).await?);
    }
    // Those that were revoked before their devices had ever come AWS IoT does not list with their CA.
    let revoked = account.certificates.iter();
    let revoked = revoked.filter(|one| one.status == "REVOKED");
    let revoked: Vec<_> = revoked.map(|one| &*one.id).collect();
    let signed = world.registry.signed_by(authorities, &revoked).await?;
    account.signed.extend(signed);
    let widened = world.terms.widened;
    if widened.strays {
        let unknown = sort_certificates(&known, &account, widened).kept;
        account.bare = bare(world, &account.certificates, &unknown).await?;
    }
    let mut sorted = sort_certificates(&known, &account, widened);
    account.attached = attached_things(world, &known, &sorted).await?;
    sort_things(&known, &account, widened, &mut sorted);
    let going = sorted.claims.iter().chain(&sorted.certificates);
    survey.going = going.filter_map(|piece| piece.also.clone()).collect();
    survey.add(sorted.claims);
    survey.add(sorted.certificates);
    survey.add(sorted.things);
    survey.kept.extend(sorted.kept);
    Ok(())
}

/// What the ledger knows. One that is gone knows nothing.
async fn known(world: &World) -> Result<Holdings, CloudFailure> {
    let Some(table) = world.table() else {
        return Ok(Holdings::default());
    };
    match holdings(&world.cloud, table).await {
        Err(error) if error.kind == FailureKind::NotFound => Ok(Holdings::default()),
        known => known,
    }
}

/// Of the certificates that would stay, those that have neither thing nor policy.
async fn bare(
    world: &World,
    certificates: &[Registered],
    unknown: &[Kept],
) -> Result<BTreeSet<String>, CloudFailure> {
    let unknown: BTreeSet<_> = unknown.iter().map(|kept| &kept.name).collect();
    let asked = certificates.iter().filter(|one| unknown.contains(&one.id));
    let looked = stream::iter(asked).map(async |one| {
        let things = world.registry.things_of(&one.arn).await?;
        let is_bare = things.is_empty() && world.registry.policies_of(&one.arn).await?.is_empty();
        Ok::<_, CloudFailure>(is_bare.then(|| one.id.clone()))
    });
    let looked = looked.buffer_unordered(AT_ONCE);
    looked.try_filter_map(async |id| Ok(id)).try_collect().await
}

/// The things of certificates that go and that no device of the ledger's has.
async fn attached_things(
    world: &World,
    known: &Holdings,
    sorted: &Belongings,
) -> Result<BTreeSet<String>, CloudFailure> {
    let devices = known.devices.values();
    let of_devices: BTreeSet<_> = devices.flat_map(|device| &device.certificates).collect();
    let unknown = sorted
        .certificates
        .iter()
        .filter(|piece| !of_devices.contains(&piece.name))
        .filter_map(|piece| piece.also.as_deref());
    let looked = stream::iter(unknown).map(|arn| world.registry.things_of(arn));
    let looked: Vec<_> = looked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(looked.into_iter().flatten().collect())
}

/// What CloudFormation deletes. What it leaves behind is another's to take away.
fn stack(world: &World, survey: &mut Survey) {
    if world.stack.is_deleted() {
        return;
    }
    let parts = world.stack.parts.iter();
    let parts =
        parts.filter(|part| part.status != "DELETE_COMPLETE" && !is_retained(&part.logical_id));
    survey.add(parts.map(|part| {
        Piece::with(
            Kind::StackResource,
            if part.physical_id.is_empty() {
                &part.logical_id
            } else {
                &part.physical_id
            },
            &part.kind,
        )
    }));
}

/// The resources that the template retains; the vault's policy goes with its bucket.
const RETAINED: [&str; 5] = ["Key", "TokenKey", "Ledger", "Vault", "VaultPolicy"];

fn is_retained(logical_id: &str) -> bool {
    RETAINED.contains(&logical_id)
}

/// What the stack leaves behind.
async fn remains(
    world: &World,
    files: Vec<FileVersion>,
    survey: &mut Survey,
) -> Result<(), CloudFailure> {
    survey.add(files.into_iter().map(|file| Piece {
        kind: Kind::VaultFile,
        name: file.key,
        also: file.version,
    }));
    if let (Some(bucket), Some(vault)) = (world.bucket(), world.vault())
        && vault.is_there().await?
    {
        survey.add([Piece::new(Kind::Bucket, bucket)]);
    }
    if let Some(table) = world.table()
        && world.remains.has_table(table).await?
    {
        survey.add([Piece::new(Kind::Table, table)]);
    }
    for key in ["Key", "TokenKey"] {
        if let Some(key) = world.stack.part(key, "AWS::KMS::Key")
            && world.remains.has_key(key).await?
        {
            survey.add([Piece::new(Kind::Key, key)]);
        }
    }
    let groups = log_groups(world).await?.into_iter();
    survey.add(groups.map(|name| Piece::new(Kind::LogGroup, name)));
    Ok(())
}

/// Those that Lambda and API Gateway have made beside the stack's own, and its own where something has logged after they
/// were deleted.
async fn log_groups(world: &World) -> Result<Vec<String>, CloudFailure> {
    let stack = &world.stack;
    let functions = stack.parts_of("AWS::Lambda::Function");
    let mut ours: BTreeSet<_> = functions
        .map(|name| format!("/aws/lambda/{name}"))
        .collect();
    let mut prefixes = vec![format!("/aws/lambda/{}-", stack.name)];
    if stack.is_deleted() {
        for group in stack.parts_of("AWS::Logs::LogGroup") {
            prefixes.push(group.to_owned());
            ours.insert(group.to_owned());
        }
    }
    let mut found = Vec::new();
    for prefix in prefixes {
        let listed = world.remains.log_groups(&prefix).await?.into_iter();
        found.extend(listed.filter(|name| ours.contains(name)));
    }
    for api in stack.parts_of("AWS::ApiGateway::RestApi") {
        let prefix = format!("API-Gateway-Execution-Logs_{api}/");
        found.extend(world.remains.log_groups(&prefix).await?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Checkout;
    use std::path::Path;

    #[test]
    fn what_the_template_retains_is_what_is_taken_away_after_it() {
        let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let template = std::fs::read_to_string(checkout.template()).unwrap();
        let mut retained = BTreeSet::new();
        let mut resource = "";
        for line in template.lines() {
            match line.strip_prefix("  ") {
                Some(name) if !name.starts_with([' ', '#']) => {
                    resource = name.trim_end_matches(':');
                }
                _ if line.trim() == "DeletionPolicy: Retain" => drop(retained.insert(resource)),
                _ => {}
            }
        }
        assert_eq!(retained, RETAINED.into());
    }
}
