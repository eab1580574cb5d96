//! The names under which banks sell the Lyra gateway: white labels with hosts of their own.
//! (lyra.md 7)
//!
//! The protocol is the same under each. A host cannot be made from another by rule (`api.`, `api-`,
//! `api.secure.` all occur), so what the facts do not know is `None`, and configuration may say it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::key_document::{BadKeys, Choice, Hosts, Site, document};
use quittance_core::limits::MAX_WORD_BYTES;

/// One name of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Brand {
    /// What configuration calls it.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Host of the payment form (`/vads-payment/`) and the Back Office (`/vads-merchant/`).
    pub back_office: Option<&'static str>,
    /// Host of the REST web services (`/api-payment/V4/`).
    pub rest: Option<&'static str>,
    /// Whether the REST host is inferred and was not read in a document of the brand.
    pub rest_inferred: bool,
    /// Where the hosts were read.
    pub source: &'static str,
}

/// The brand of a site whose configuration names none.
pub const DEFAULT_BRAND: &str = "systempay";

/// Every brand of the family. (lyra.md 7)
pub const BRANDS: &[Brand] = &[
    Brand {
        id: DEFAULT_BRAND,
        name: "Systempay (Banque Populaire, Caisse d'Epargne)",
        back_office: Some("paiement.systempay.fr"),
        rest: Some("api.systempay.fr"),
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "payzen",
        name: "PayZen Europe",
        back_office: Some("secure.payzen.eu"),
        rest: Some("api.payzen.eu"),
        rest_inferred: false,
        source: "vendor's plugin",
    },
    Brand {
        id: "lyra",
        name: "Lyra Collect",
        back_office: Some("secure.lyra.com"),
        rest: Some("api.lyra.com"),
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "sogecommerce",
        name: "Sogecommerce (Société Générale)",
        back_office: Some("sogecommerce.societegenerale.eu"),
        // A public plugin derives one by a rule that is wrong for OSB and Scellius.
        rest: None,
        rest_inferred: false,
        source: "public plugin",
    },
    Brand {
        id: "scellius",
        name: "Scellius (La Banque Postale)",
        back_office: Some("scelliuspaiement.labanquepostale.fr"),
        rest: Some("api.scelliuspaiement.labanquepostale.fr"),
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "clicandpay",
        name: "Clic&Pay (Crédit du Nord group)",
        back_office: Some("clicandpay.groupecdn.fr"),
        rest: Some("api-clicandpay.groupecdn.fr"),
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "osb",
        name: "PayZen by OSB (Pacific)",
        back_office: Some("secure.osb.pf"),
        rest: Some("api.secure.osb.pf"),
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "monetico-retail",
        name: "Monetico Retail",
        back_office: Some("secure.gateway.monetico-retail.com"),
        rest: None,
        rest_inferred: false,
        source: "its documentation",
    },
    Brand {
        id: "payzen-latam",
        name: "PayZen LATAM",
        back_office: Some("secure.payzen.lat"),
        rest: Some("api.payzen.lat"),
        rest_inferred: false,
        source: "vendor's plugin",
    },
    Brand {
        id: "payzen-brasil",
        name: "PayZen Brasil",
        back_office: Some("secure.payzen.com.br"),
        rest: Some("api.payzen.com.br"),
        rest_inferred: false,
        source: "vendor's plugin",
    },
    Brand {
        id: "micuentaweb",
        name: "Micuentaweb / Izipay (Peru)",
        back_office: Some("secure.micuentaweb.pe"),
        rest: Some("api.micuentaweb.pe"),
        rest_inferred: true,
        source: "public integrations",
    },
    Brand {
        id: "payzen-india",
        name: "PayZen India",
        // Its documentation is on payzen.io, which is no gateway.
        back_office: None,
        rest: None,
        rest_inferred: false,
        source: "no host known",
    },
];

/// The brand of this id.
pub fn brand(id: &str) -> Option<&'static Brand> {
    BRANDS.iter().find(|brand| brand.id == id)
}

/// The brand of one site with its hosts: the table's, or what configuration says instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteBrand {
    /// The brand's name; of one that the table does not have, as configured.
    pub name: Cow<'static, str>,
    /// Host of the payment form and the Back Office, where known, or the whole origin where it is not that
    /// host on the usual port.
    pub back_office: Option<Cow<'static, str>>,
    /// The same of the REST web services.
    pub rest: Option<Cow<'static, str>>,
}

impl SiteBrand {
    /// Where a merchant looks a payment up.
    pub fn back_office_url(&self) -> Option<String> {
        self.back_office.as_deref().map(|host| format!("{}/vads-merchant/", origin(host)))
    }

    /// Where a buyer's browser sends the payment form.
    pub fn form_url(&self) -> Option<String> {
        self.back_office.as_deref().map(|host| format!("{}/vads-payment/", origin(host)))
    }

    /// The origin of the web services.
    pub fn rest_origin(&self) -> Option<String> {
        self.rest.as_deref().map(origin)
    }

    /// What the web services' names are appended to.
    pub fn rest_url(&self) -> Option<String> {
        self.rest_origin().map(|origin| format!("{origin}{REST_PATH}"))
    }

    /// An inferred host is shown in lists, and not used: credentials would go there. Configuration may
    /// confirm it.
    fn of(brand: &'static Brand) -> Self {
        Self {
            name: Cow::Borrowed(brand.name),
            back_office: brand.back_office.map(Cow::Borrowed),
            rest: brand.rest.filter(|_| !brand.rest_inferred).map(Cow::Borrowed),
        }
    }
}

/// The path of the web services.
pub(super) const REST_PATH: &str = "/api-payment/V4/";

/// The origin of a host, which may be one already.
fn origin(host: &str) -> String {
    if host.contains("://") { host.to_owned() } else { format!("https://{host}") }
}

/// The sites of a key document with their brands, and without their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sites(BTreeMap<String, SiteBrand>);

impl Sites {
    /// Reads the document that [`Keys::from_json`](super::Keys::from_json) reads.
    ///
    /// # Errors
    ///
    /// [`BadKeys`] of a document of another shape, an unknown brand or a host that is none.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let sites = document(text)?.into_iter();
        let sites = sites.map(|(id, site)| Ok((id.trim().to_owned(), site.brand()?)));
        sites.collect::<Result<_, _>>().map(Self)
    }

    /// The brand of a site; both modes have the same.
    pub fn brand(&self, site: &str) -> Option<&SiteBrand> {
        self.0.get(site)
    }

    /// All sites, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SiteBrand)> {
        self.0.iter().map(|(site, brand)| (site.as_str(), brand))
    }
}

impl Site {
    /// The brand that the site's configuration names.
    pub(super) fn brand(&self) -> Result<SiteBrand, BadKeys> {
        let known = |id: &str| brand(id).map(SiteBrand::of).ok_or_else(unknown);
        match &self.brand {
            None => known(DEFAULT_BRAND),
            Some(Choice::Id(id)) => known(id.trim()),
            Some(Choice::Hosts(hosts)) => hosts.read(),
        }
    }
}

/// The error that lists the brands of the table.
fn unknown() -> BadKeys {
    let ids: Vec<&str> = BRANDS.iter().map(|brand| brand.id).collect();
    BadKeys::UnknownBrand { known: ids.join(", ") }
}

impl Hosts {
    /// A brand of the table takes the hosts that are not said from there; of another at least one must
    /// be said, so that a slip in an id does not pass for a new name.
    fn read(&self) -> Result<SiteBrand, BadKeys> {
        let name = self.name.trim();
        let back_office = self.back_office.as_deref().map(host_or_origin).transpose()?;
        let rest = self.rest.as_deref().map(host_or_origin).transpose()?;
        let mut read = match brand(name) {
            Some(brand) => SiteBrand::of(brand),
            None if (back_office.is_some() || rest.is_some()) && is_name(name) => {
                SiteBrand { name: name.to_owned().into(), back_office: None, rest: None }
            }
            None => return Err(unknown()),
        };
        read.back_office = back_office.map(Cow::Owned).or(read.back_office);
        read.rest = rest.map(Cow::Owned).or(read.rest);
        Ok(read)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_WORD_BYTES && !name.chars().any(char::is_control)
}

/// A host name, or an origin: `https://` with a host name, or `http://` on the loopback, where nobody else
/// listens. A port may follow; nothing else may.
fn host_or_origin(text: &str) -> Result<String, BadKeys> {
    let (scheme, rest) = match text.split_once("://") {
        None => return host(text),
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest),
        Some(_) => return Err(BadKeys::BadHost),
    };
    let (name, port) = match rest.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((name, port)) => (name, Some(port)),
        None => (rest, None),
    };
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if port.is_some_and(|port| !is_port(port)) {
        return Err(BadKeys::BadHost);
    }
    let is_loopback = LOOPBACK.contains(&name);
    let name = match (scheme, is_loopback) {
        (_, true) => name.to_owned(),
        ("https", false) => host(name)?,
        _ => return Err(BadKeys::BadHost),
    };
    Ok(match port {
        // The usual spelling of the same.
        None if scheme == "https" && !is_loopback => name,
        None => format!("{scheme}://{name}"),
        Some(port) => format!("{scheme}://{name}:{port}"),
    })
}

/// The names of the machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A plain host name in lower case: letters, digits and hyphens in at least two labels, of which the
/// last is no number. Nothing that could lead a request elsewhere: no scheme, user, port or path, and no
/// address. (RFC 1123, section 2.1.)
fn host(text: &str) -> Result<String, BadKeys> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels = || text.split('.');
    let number = labels().next_back().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    if text.len() > 253 || labels().count() < 2 || number || !labels().all(is_label) {
        return Err(BadKeys::BadHost);
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(brand: &str) -> Result<SiteBrand, BadKeys> {
        let text = format!(r#"{{" 1 ": {{"brand": {brand}, "test": {{"form": "k"}}}}}}"#);
        Sites::from_json(&text).map(|sites| sites.brand("1").unwrap().clone())
    }

    fn hosts(brand: &SiteBrand) -> [Option<&str>; 2] {
        [brand.back_office.as_deref(), brand.rest.as_deref()]
    }

    #[test]
    fn ids_and_names_and_hosts_are_unique_and_hosts_are_plain() {
        let all = |of: fn(&Brand) -> Option<&str>| BRANDS.iter().filter_map(of).collect::<Vec<_>>();
        for column in [
            all(|b| Some(b.id)),
            all(|b| Some(b.name)),
            all(|b| b.back_office).into_iter().chain(all(|b| b.rest)).collect(),
        ] {
            for (at, text) in column.iter().enumerate() {
                assert!(!text.is_empty() && !column[at + 1..].contains(text), "{text}");
            }
        }
        for brand in BRANDS {
            for known in [brand.back_office, brand.rest].into_iter().flatten() {
                assert_eq!(host(known).as_deref(), Ok(known));
            }
            assert!(!brand.rest_inferred || brand.rest.is_some(), "{}", brand.id);
            assert!(!brand.source.is_empty());
        }
    }

    #[test]
    fn what_the_facts_do_not_know_is_not_made_up() {
        for id in ["sogecommerce", "monetico-retail", "payzen-india"] {
            assert_eq!(brand(id).unwrap().rest, None, "{id}");
        }
        assert_eq!(brand("payzen-india").unwrap().back_office, None);
    }

    #[test]
    fn a_site_has_the_brand_that_it_names_or_the_first() {
        let scellius = read(r#""scellius""#).unwrap();
        assert_eq!(
            (scellius.back_office_url().unwrap(), scellius.rest_url().unwrap()),
            (
                "https://scelliuspaiement.labanquepostale.fr/vads-merchant/".to_owned(),
                "https://api.scelliuspaiement.labanquepostale.fr/api-payment/V4/".to_owned()
            )
        );
        let silent = Sites::from_json(r#"{"1": {"test": {"form": "k"}}}"#).unwrap();
        assert_eq!(silent.brand("1"), Some(&SiteBrand::of(brand("systempay").unwrap())));
        assert_eq!(read("null").as_ref(), Ok(silent.brand("1").unwrap()));
        assert_eq!(silent.brand("2"), None);
        assert_eq!(read(r#""sogecommerce""#).unwrap().rest_url(), None);
    }

    #[test]
    fn an_inferred_host_is_used_only_once_configuration_confirms_it() {
        for inferred in BRANDS.iter().filter(|brand| brand.rest_inferred) {
            let (id, host) = (inferred.id, inferred.rest.unwrap());
            assert_eq!(read(&format!(r#""{id}""#)).unwrap().rest_url(), None);
            let confirmed = format!(r#"{{"name": "{id}", "rest": "{host}"}}"#);
            assert_eq!(hosts(&read(&confirmed).unwrap()), [inferred.back_office, Some(host)]);
        }
        assert!(BRANDS.iter().any(|brand| brand.rest_inferred));
    }

    #[test]
    fn hosts_may_be_configured_for_a_known_brand_and_for_a_new_one() {
        let known = read(r#"{"name": "sogecommerce", "rest": "API.Example.org"}"#).unwrap();
        assert_eq!(known.name, "Sogecommerce (Société Générale)");
        assert_eq!(
            hosts(&known),
            [Some("sogecommerce.societegenerale.eu"), Some("api.example.org")]
        );
        let new = read(r#"{"name": "Ma Banque", "back_office": "pay.ma-banque.example"}"#).unwrap();
        assert_eq!((&*new.name, hosts(&new)), ("Ma Banque", [Some("pay.ma-banque.example"), None]));
    }

    #[test]
    fn a_brand_that_does_not_exist_is_refused_with_those_that_do() {
        for unknown in [
            r#""Systempay""#,
            r#""""#,
            r#""paypal""#,
            r#"{"name": "paypal"}"#,
            r#"{"name": "", "rest": "a.example"}"#,
            r#"{"name": "a\u0000b", "rest": "a.example"}"#,
        ] {
            assert_eq!(read(unknown), Err(super::unknown()), "{unknown}");
        }
        let said = unknown().to_string();
        assert!(BRANDS.iter().all(|brand| said.contains(brand.id)), "{said}");
        for shape in ["1", "[]", r#"{"rest": "a.example"}"#, r#"{"name": "osb", "host": "a.b"}"#] {
            assert!(matches!(read(shape), Err(BadKeys::Json(_))), "{shape}");
        }
    }

    #[test]
    fn only_a_plain_host_name_is_a_host() {
        for bad in [
            "",
            "localhost",
            "api.example.org/",
            "api.example.org/path",
            "api.example.org:443",
            "user@api.example.org",
            "api.example.org?x",
            "api.example.org#x",
            "api_x.example.org",
            "-api.example.org",
            "api-.example.org",
            "api..example.org",
            ".example.org",
            "example.org.",
            " api.example.org",
            "127.0.0.1",
            "[::1]",
            "pâte.example.org",
            &format!("{}.org", "a".repeat(64)),
            &format!("{}org", "a.".repeat(126)),
        ] {
            assert_eq!(host(bad), Err(BadKeys::BadHost), "{bad:?}");
            assert_eq!(host_or_origin(bad), Err(BadKeys::BadHost), "{bad:?}");
            let configured = format!(r#"{{"name": "osb", "rest": {}}}"#, serde_json::json!(bad));
            assert_eq!(read(&configured), Err(BadKeys::BadHost), "{bad:?}");
        }
        assert!(host(&format!("{}org", "a.".repeat(125))).is_ok());
        assert!(host(&format!("{}.org", "a".repeat(63))).is_ok());
    }

    #[test]
    fn an_origin_is_https_or_on_the_loopback() {
        for (written, kept, url) in [
            ("https://API.example.org", "api.example.org", "https://api.example.org"),
            (
                "https://api.example.org:8443",
                "https://api.example.org:8443",
                "https://api.example.org:8443",
            ),
            ("http://localhost", "http://localhost", "http://localhost"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://[::1]:9000", "http://[::1]:9000", "http://[::1]:9000"),
            ("http://[::1]", "http://[::1]", "http://[::1]"),
            ("https://localhost", "https://localhost", "https://localhost"),
        ] {
            let brand =
                format!(r#"{{"name": "osb", "rest": "{written}", "back_office": "{written}"}}"#);
            let brand = read(&brand).unwrap();
            assert_eq!(hosts(&brand), [Some(kept); 2]);
            assert_eq!(brand.rest_origin().as_deref(), Some(url));
            assert_eq!(brand.rest_url(), Some(format!("{url}/api-payment/V4/")));
            assert_eq!(brand.form_url(), Some(format!("{url}/vads-payment/")));
            assert_eq!(brand.back_office_url(), Some(format!("{url}/vads-merchant/")));
        }
        for bad in [
            "http://api.example.org",
            "http://127.0.0.2",
            "http://localhost.example.org@evil.example",
            "https://",
            "https://user@api.example.org",
            "https://api.example.org/",
            "https://api.example.org:",
            "https://api.example.org:0",
            "https://api.example.org:65536",
            "https://api.example.org:8443/path",
            "https://api.example.org:+1",
            "https://api.example.org?x",
            "https://192.0.2.1",
            "ftp://api.example.org",
            "https://https://api.example.org",
            "http://localhost:80:80",
            "HTTP://localhost",
        ] {
            assert_eq!(host_or_origin(bad), Err(BadKeys::BadHost), "{bad:?}");
        }
    }
}
