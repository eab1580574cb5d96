//! What CloudFormation says of a deployed stack: its policy and its addresses, which nobody has to say again.

use std::collections::BTreeMap;
use std::error::Error;

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::Stack;
use quittance_aws::StoreError;

use crate::output::Failure;

/// The parameters of the template, and the variables that its functions have them in.
const PARAMETERS: [(&str, &str); 6] = [
    ("ReleaseOn", "QUITTANCE_RELEASE_ON"),
    ("Instalments", "QUITTANCE_INSTALMENTS"),
    ("Confirm", "QUITTANCE_CONFIRM"),
    ("RawRetentionDays", "QUITTANCE_RAW_RETENTION_DAYS"),
    ("SystempayFields", "QUITTANCE_SYSTEMPAY_FIELDS"),
    ("EventBus", "QUITTANCE_EVENT_BUS"),
];

/// Codes by which AWS refuses credentials, whatever they ask for.
const REFUSED: [&str; 5] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// A stack that CloudFormation knows.
#[derive(Debug, Default)]
pub(crate) struct Deployed {
    /// What its functions are told, by variable.
    pub(crate) variables: BTreeMap<String, String>,
    /// Who is told of alarms; nobody where it is empty.
    pub(crate) alarm_mail: Option<String>,
    /// Where its routes are.
    pub(crate) base_url: Option<String>,
}

impl Deployed {
    /// What CloudFormation says of a stack. `None` where it knows none of the name, or the operator may not ask.
    ///
    /// # Errors
    ///
    /// Where no call of AWS would succeed: without credentials, without a way to the region.
    pub(crate) async fn of(sdk: &SdkConfig, stack: &str) -> Result<Option<Self>, Failure> {
        let described = Client::new(sdk).describe_stacks().stack_name(stack).send().await;
        match described {
            Ok(reply) => Ok(reply.stacks().first().map(Self::read)),
            Err(error) => match cause(&error, sdk) {
                Some(why) => Err(why.into()),
                None => Ok(None),
            },
        }
    }

    fn read(stack: &Stack) -> Self {
        let parameters: BTreeMap<_, _> = stack
            .parameters()
            .iter()
            .filter_map(|each| Some((each.parameter_key()?, each.parameter_value()?)))
            .collect();
        let output = |name: &str| {
            let found = stack.outputs().iter().find(|each| each.output_key() == Some(name))?;
            found.output_value().map(str::to_owned)
        };
        let said = |(parameter, variable): (&str, &str)| {
            Some((variable.to_owned(), (*parameters.get(parameter)?).to_owned()))
        };
        let mut variables: BTreeMap<String, String> =
            PARAMETERS.into_iter().filter_map(said).collect();
        let queue = match parameters.get("ShopUrl").copied() {
            Some("") => Some(String::new()),
            Some(_) => output("PostQueueUrl"),
            None => None,
        };
        variables.extend(queue.map(|queue| ("QUITTANCE_SHOP_QUEUE_URL".to_owned(), queue)));
        let alarm_mail = parameters.get("AlarmMail").map(|mail| (*mail).to_owned());
        Self { variables, alarm_mail, base_url: output("BaseUrl") }
    }
}

/// Why no call would succeed, in a sentence; `None` where AWS answered this one.
fn cause<E, R>(error: &SdkError<E, R>, sdk: &SdkConfig) -> Option<String>
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(why) = refusal(error) {
        return Some(why);
    }
    if error.code().is_some() {
        return None;
    }
    let region = sdk.region().map_or("no region", |region| region.as_ref());
    let why = StoreError::unavailable("describe stack", error);
    Some(format!("AWS is not reached in {region}: is AWS_REGION right? {why}"))
}

/// Why AWS takes no call of ours, in a sentence: there are no credentials, or it refuses them.
pub(crate) fn refusal<E, R>(error: &SdkError<E, R>) -> Option<String>
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    if is_without_credentials(error) {
        let profile = std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
        return Some(format!(
            "no AWS credentials: the profile {profile} gives none, and no variable does. Sign in, or set AWS_PROFILE"
        ));
    }
    let code = error.code().filter(|code| REFUSED.contains(code))?;
    Some(format!("AWS refuses the credentials ({code}). Sign in again"))
}

fn is_without_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
