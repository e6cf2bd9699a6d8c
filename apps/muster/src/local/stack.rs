//! A local stack from the first process to the last: the emulator with the template deployed in it.

use super::artifacts::{self, ArtifactError};
use super::build::{self, BuildError, Profile};
use super::checkout::Checkout;
use super::clients;
use super::deploy::{self, DeployError};
use super::directory::StackDirectory;
use super::emulator::{Emulator, EmulatorError, EmulatorOptions};
use super::environment::{Environment, EnvironmentError};
use super::gateway::with_gateway_responses;
use super::overlay::{Overlay, OverlayError};
use super::package::{self, Package, UnknownPath};
use super::parameters::{self, UnknownParameter};
use super::ports::{Ports, WantedPorts};
use super::probe;
use super::python::{self, PythonError};
use super::state::{Phase, REGION, STACK_NAME, StackState};
use super::template::{self, TemplateError};
use aws_config::SdkConfig;
use muster_cloud::operator::ThingAnnouncements;
use muster_cloud::{CallCounter, Cloud};
use muster_documents::bundle::OWN_ROOT_CA;
use muster_onboarding::CloudFailure;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The template's parameter for where fleets' devices connect.
const DEVICE_ENDPOINT: &str = "DeviceEndpoint";

/// Told what is being done, line by line.
pub type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// What a local stack is started with.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// The template to deploy; its paths are relative to where it lies.
    pub template: PathBuf,
    /// Values for its parameters.
    pub parameters: Vec<(String, String)>,
    /// Ports that must be these.
    pub ports: WantedPorts,
    /// How the functions are compiled.
    pub profile: Profile,
}

impl StackOptions {
    /// The checkout's own template with its defaults, on free ports.
    pub fn new(checkout: &Checkout) -> Self {
        Self {
            template: checkout.template(),
            parameters: Vec::new(),
            ports: WantedPorts::default(),
            profile: Profile::of_this_program(),
        }
    }
}

/// A running local stack. Dropping it ends it.
#[derive(Debug)]
pub struct LocalStack {
    emulator: Emulator,
    directory: StackDirectory,
    state: StackState,
}

/// Why there is no local stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// See [`PythonError`].
    #[error(transparent)]
    Python(#[from] PythonError),
    /// See [`EnvironmentError`].
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// See [`TemplateError`].
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// See [`OverlayError`].
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// See [`UnknownParameter`].
    #[error(transparent)]
    Parameter(#[from] UnknownParameter),
    /// See [`UnknownPath`].
    #[error(transparent)]
    Package(#[from] UnknownPath),
    /// See [`BuildError`].
    #[error(transparent)]
    Build(#[from] BuildError),
    /// See [`EmulatorError`].
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// See [`ArtifactError`].
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// See [`DeployError`].
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// See [`ThingAnnouncements`].
    #[error("the emulator does not announce changes of things")]
    Announcements(#[from] CloudFailure),
    /// A file of the stack's directory.
    #[error("cannot keep the stack's state in {}", path.display())]
    State {
        /// What was written.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// The emulator has no CA certificate to give.
    #[error("the emulator gave no CA certificate. Its log says why: {}", .0.display())]
    NoCa(PathBuf),
}

impl LocalStack {
    /// Starts the emulator, builds the functions and deploys the template, all in `directory`.
    ///
    /// Nothing is left running if it fails or if its future is dropped.
    pub async fn start(
        checkout: &Checkout,
        directory: StackDirectory,
        options: &StackOptions,
        say: Say<'_>,
    ) -> Result<Self, StackError> {
        let package = read(checkout, options)?;
        let python = python::find()?;
        let requirements = checkout.requirements();
        // Making the Python environment waits for the network, and compiling for the processor: both at once.
        let (environment, binaries) = tokio::try_join!(
            async {
                let made = Environment::prepare(checkout, &requirements, &python, say);
                Ok::<_, StackError>(made.await?)
            },
            async {
                if package.functions().next().is_some() {
                    say("building the functions");
                }
                Ok(build::build(checkout, options.profile, package.functions()).await?)
            }
        )?;
        say("starting the emulator");
        let emulator = EmulatorOptions {
            python: environment.python(),
            launcher: checkout.launcher(),
            ports: options.ports,
        };
        let mut emulator = Emulator::start(&emulator, &directory)?;
        let ports = emulator.ready().await?;
        let state = starting(&emulator, &directory, ports, &options.template);
        let mut stack = Self {
            emulator,
            directory,
            state,
        };
        stack.write_state()?;
        stack.fetch_ca().await?;
        say("deploying the template");
        stack
            .deploy(&package, &binaries, &options.parameters)
            .await?;
        Ok(stack)
    }

    /// Where it is and what it holds.
    pub fn state(&self) -> &StackState {
        &self.state
    }

    /// An output of the template, by its name.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.state.outputs.get(name).map(String::as_str)
    }

    /// The configuration for AWS SDK clients of this stack.
    pub fn configuration(&self) -> SdkConfig {
        clients::configuration(&self.state.gateway)
    }

    /// Waits until the emulator ends, which it does not do by itself.
    pub async fn died(&mut self) -> EmulatorError {
        self.emulator.died().await
    }

    /// Lets it run on after this program's end, until `muster down`.
    pub async fn detach(self) -> io::Result<()> {
        self.emulator.detach().await
    }

    /// Whether someone else ended it by `muster down`, which forgets the stack before it ends the emulator.
    pub fn was_taken_down(&self) -> bool {
        self.directory.read_state().is_none()
    }

    /// Ends it and all that belongs to it.
    pub async fn stop(self) {
        self.emulator.stop().await;
        self.directory.forget();
    }

    async fn fetch_ca(&mut self) -> Result<(), StackError> {
        let Some((200, certificate)) =
            probe::get(&self.state.gateway, "/_ministack/iot/ca.pem").await
        else {
            return Err(StackError::NoCa(self.directory.log()));
        };
        let path = self.directory.ca();
        std::fs::write(&path, certificate).map_err(|source| StackError::State { path, source })
    }

    async fn deploy(
        &mut self,
        package: &Package,
        binaries: &BTreeMap<String, PathBuf>,
        parameters: &[(String, String)],
    ) -> Result<(), StackError> {
        let configuration = self.configuration();
        let s3 = aws_sdk_s3::Client::new(&configuration);
        let key = artifacts::upload(&s3, package, binaries, &self.directory.temporary()).await?;
        let cloudformation = aws_sdk_cloudformation::Client::new(&configuration);
        let parameters = self.with_endpoint(package, parameters);
        self.state.outputs =
            deploy::deploy(&cloudformation, &self.state.gateway, key, &parameters).await?;
        self.store_ca(&s3).await?;
        // The emulator's account is this stack's alone.
        ThingAnnouncements::new(&Cloud {
            config: configuration,
            calls: CallCounter::default(),
        })
        .turn_on()
        .await?;
        self.state.phase = Phase::Ready;
        self.write_state()
    }

    /// What `DescribeEndpoint` answers here does not resolve, so that bundles are told where devices connect.
    fn with_endpoint(
        &self,
        package: &Package,
        parameters: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut parameters = parameters.to_vec();
        let given = parameters.iter().any(|(name, _)| name == DEVICE_ENDPOINT);
        if !given && package.has_parameter(DEVICE_ENDPOINT) {
            let StackState {
                mqtt_host,
                mqtt_port,
                ..
            } = &self.state;
            parameters.push((
                DEVICE_ENDPOINT.to_owned(),
                format!("{mqtt_host}:{mqtt_port}"),
            ));
        }
        parameters
    }

    /// Puts the emulator's CA where bundles take another than Amazon's from.
    async fn store_ca(&self, s3: &aws_sdk_s3::Client) -> Result<(), StackError> {
        let Some(bucket) = self.output("VaultBucketName") else {
            return Ok(());
        };
        artifacts::put_file(s3, bucket, OWN_ROOT_CA, &self.directory.ca()).await?;
        Ok(())
    }

    fn write_state(&self) -> Result<(), StackError> {
        let path = self.directory.path().to_path_buf();
        self.directory
            .write_state(&self.state)
            .map_err(|source| StackError::State { path, source })
    }
}

fn read(checkout: &Checkout, options: &StackOptions) -> Result<Package, StackError> {
    let mut template = template::read(&options.template)?;
    parameters::check(&template, &options.parameters)?;
    Overlay::read(&checkout.overlay())?.apply(&mut template);
    with_gateway_responses(&mut template);
    let beside = options.template.parent().unwrap_or(Path::new("."));
    Ok(package::package(template, beside, checkout.root())?)
}

fn starting(
    emulator: &Emulator,
    directory: &StackDirectory,
    ports: Ports,
    template: &Path,
) -> StackState {
    StackState {
        phase: Phase::Starting,
        process_id: emulator.process_id(),
        gateway: ports.gateway_url(),
        mqtt_host: "localhost".to_owned(),
        mqtt_port: ports.mqtt,
        ca_file: directory.ca(),
        log_file: directory.log(),
        region: REGION.to_owned(),
        stack_name: STACK_NAME.to_owned(),
        template: template.to_path_buf(),
        outputs: BTreeMap::new(),
    }
}
