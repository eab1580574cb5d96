//! `quittance brands`: the names and hosts of the Lyra gateway, and those of the configured sites.

use std::process::ExitCode;

use quittance_aws::keys::SECRET;
use quittance_core::Provider;
use quittance_psp::lyra::Lyra;
use quittance_psp::lyra::brands::{BRANDS, Brand, SiteBrand, Sites};
use serde_json::json;

use crate::args::Brands;
use crate::keys::{Source, configured};
use crate::output::{Failure, say};

/// What is said of a host that the facts do not have.
const NOT_KNOWN: &str = "not known";

/// Prints the brands and the sites. No key is read from the configuration.
pub(crate) fn run(args: &Brands) -> Result<ExitCode, Failure> {
    let profile = Lyra.profile();
    let variable = profile.keys_variable;
    let text = match Source::of(&Lyra, configured(SECRET).is_some()) {
        Source::Variable(document) => document,
        Source::Demo => profile.demo_keys.to_owned(),
        Source::Secret | Source::Nowhere => "{}".to_owned(),
    };
    let sites = Sites::from_json(&text);
    let sites = sites.map_err(|error| format!("{variable}: {error}"));
    if args.json {
        say(&json!({"brands": BRANDS, "sites": sites?}).to_string());
    } else {
        // Printed first: whoever mistook a brand's id looks for it here.
        BRANDS.iter().for_each(|brand| say(&brand_lines(brand)));
        say(&site_lines(&sites?));
    }
    Ok(ExitCode::SUCCESS)
}

/// One below the other: beside each other the hosts are wider than a terminal, and a broken one cannot be copied.
fn brand_lines(brand: &Brand) -> String {
    format!(
        "{:<13} {}\n              form and Back Office  {}\n              REST                  {}\n              \
         source                {}",
        brand.id,
        brand.name,
        brand.back_office.unwrap_or(NOT_KNOWN),
        rest(brand),
        brand.source
    )
}

fn rest(brand: &Brand) -> String {
    let inferred = if brand.rest_inferred { " (inferred)" } else { "" };
    format!("{}{inferred}", brand.rest.unwrap_or(NOT_KNOWN))
}

fn site_lines(sites: &Sites) -> String {
    let known = |url: Option<String>| url.unwrap_or_else(|| NOT_KNOWN.to_owned());
    let site = |(site, brand): (&str, &SiteBrand)| {
        format!(
            "\nsite {site}: {}\n              Back Office           {}\n              REST                  {}",
            brand.name,
            known(brand.back_office_url()),
            known(brand.rest_url())
        )
    };
    let lines: String = sites.iter().map(site).collect();
    if lines.is_empty() { "\nno site is configured".to_owned() } else { lines }
}
