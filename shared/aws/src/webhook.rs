//! The one webhook: receives the notifications of any provider. Verify, read, store, answer.

use aws_config::SdkConfig;
use lambda_http::http::{HeaderMap, Method};
use lambda_http::{Body, Error, Request, Response, run_concurrent, service_fn};
use quittance_core::provider::{Incoming, Options, Profile, Provider};
use quittance_core::{Keys, ProviderId, Providers};

use crate::config;
use crate::http::{Answer, admit, is_probe, unverified};
use crate::keys::{KeyRing, Parse};
use crate::measure::{self, Event};
use crate::receive::{Delivery, Disposition, Receiver};
use crate::sources::Sources;
use crate::telemetry::Telemetry;
use crate::trace::Trace;
use crate::{clients, clock};

/// Keys of whichever provider.
pub type AnyKeys = Box<dyn Keys>;

/// The webhook of one provider.
#[derive(Clone)]
pub struct Webhook {
    /// Whose notifications it takes.
    pub provider: &'static dyn Provider,
    /// Without usable keys every notification is answered with 500.
    pub keys: KeyRing<AnyKeys>,
    /// From where notifications are taken: a second lock, open unless configured.
    pub sources: Sources,
    /// What the configuration adds to what the provider documents.
    pub options: Options,
    /// Where facts go.
    pub receiver: Receiver,
}

/// How a document of this provider's keys is read.
pub fn parse(provider: &'static dyn Provider) -> Parse<AnyKeys> {
    Parse::new(move |document| provider.keys(document).map_err(|error| error.to_string()))
}

/// What the environment adds to what a provider documents.
pub fn options(profile: &Profile) -> Options {
    Options { fields: profile.fields_variable.map(config::list).unwrap_or_default() }
}

impl Webhook {
    /// With the keys, sources and options that the environment gives.
    ///
    /// # Errors
    ///
    /// The errors of [`Receiver::from_env`]. Unusable keys are in the log and no error here.
    pub async fn from_env(
        provider: &'static dyn Provider,
        providers: Providers,
        sdk: &SdkConfig,
    ) -> Result<Self, config::BadSetting> {
        let receiver = Receiver::from_env(sdk, providers)?;
        let keys = KeyRing::from_env(sdk, provider.profile().into(), parse(provider)).await;
        Ok(Self::new(provider, keys, receiver))
    }

    /// With these keys, and the sources and options that the environment gives.
    pub fn new(
        provider: &'static dyn Provider,
        keys: KeyRing<AnyKeys>,
        receiver: Receiver,
    ) -> Self {
        let profile = provider.profile();
        let sources = profile.sources_variable.map(Sources::from_env).unwrap_or_default();
        Self { provider, keys, sources, options: options(profile), receiver }
    }

    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        if *request.method() == Method::GET
            && let Some(name) = self.provider.profile().echoed_header
        {
            return echo(request.headers(), name);
        }
        let dispositions = self.receive(request).await?;
        let sentences: Vec<String> = dispositions.iter().map(ToString::to_string).collect();
        Ok(Answer::Taken(sentences.join("; ")))
    }

    /// Takes one notification. What became of each of its elements, all of which are durable; else what to
    /// answer.
    ///
    /// # Errors
    ///
    /// What to answer: the request is no notification, it is not genuine, or it is not stored.
    pub async fn receive(&self, request: &Request) -> Result<Vec<Disposition>, Answer> {
        let profile = self.provider.profile();
        let methods = if profile.echoed_header.is_some() { "GET, POST" } else { "POST" };
        admit(request, methods, profile.media_type)?;
        self.sources.admit(profile.id, request)?;
        let body: &[u8] = request.body();
        let headers = kept_headers(request.headers(), profile);
        // The one reading of the clock: a signature with a time in it, the receipt and the archive have it.
        let arrived = self.receiver.arrived.unwrap_or_else(clock::now);
        let message = Incoming { headers: &headers, body, arrived };
        let received = self
            .keys
            .verify(|keys| keys.receive(&message, &self.options), |why| why.may_be_stale())
            .await
            .map_err(|why| unverified(profile.id, &why))?;
        let headers = as_text(&headers);
        let trace = Trace::of(request);
        let signed = &*received.signed;
        let (psp, is_probe) = (profile.id, is_probe(request));
        let delivery = Delivery { psp, signed, body, headers, arrived, trace, is_probe };
        self.receiver.take(delivery, received.readings).await.map_err(|_| {
            measure::count(Event::Unstored);
            Answer::TryAgain
        })
    }

    /// Whose notifications it takes.
    pub fn id(&self) -> ProviderId {
        self.provider.profile().id
    }
}

/// Runs the webhook of a provider as a Lambda function. `providers` are all that have orders in the table.
///
/// An instance that Lambda gives several notifications at once (`AWS_LAMBDA_MAX_CONCURRENCY`, on managed instances) takes
/// them side by side; any other takes one after the other.
///
/// # Errors
///
/// What stops the function at its start, or Lambda's own errors.
pub async fn serve(provider: &'static dyn Provider, providers: Providers) -> Result<(), Error> {
    let telemetry = Telemetry::start();
    let sdk = clients::sdk_config().await;
    // Lives as long as the process, which ends with its last notification.
    let webhook: &Webhook =
        Box::leak(Box::new(Webhook::from_env(provider, providers, &sdk).await?));
    run_concurrent(service_fn(move |request: Request| async move {
        let response = webhook.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}

/// The answer to a request whether the endpoint is ours.
fn echo(headers: &HeaderMap, name: &str) -> Result<Answer, Answer> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value
        .filter(|value| !value.is_empty())
        .map(|value| Answer::Echo(value.to_owned()))
        .ok_or(Answer::Bad("endpoint verification without its header"))
}

/// The headers that verification needs, as received.
fn kept_headers<'a>(headers: &'a HeaderMap, profile: &Profile) -> Vec<(&'static str, &'a [u8])> {
    let values = |name: &'static str| {
        headers.get_all(name).iter().map(move |value| (name, value.as_bytes()))
    };
    profile.kept_headers.iter().copied().flat_map(values).collect()
}

/// The same for the archive. What verified is text.
fn as_text(headers: &[(&'static str, &[u8])]) -> Vec<(String, String)> {
    let text = |(name, value): &(&'static str, &[u8])| {
        Some(((*name).to_owned(), std::str::from_utf8(value).ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("provider", &self.id())
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
