//! `quittance brands`: the names and hosts of the Lyra gateway, and those of the configured sites.

use std::process::ExitCode;

use comfy_table::{Table, presets};
use quittance_aws::keys::SECRET;
use quittance_core::Provider;
use quittance_psp::lyra::Lyra;
use quittance_psp::lyra::brands::{BRANDS, Brand, Sites};
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
        say(&brands_table().to_string());
        say(&sites_table(&sites?).to_string());
    }
    Ok(ExitCode::SUCCESS)
}

fn brands_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["brand", "name", "form and Back Office", "REST", "source"]);
    for brand in BRANDS {
        table.add_row([
            brand.id,
            brand.name,
            brand.back_office.unwrap_or(NOT_KNOWN),
            &rest(brand),
            brand.source,
        ]);
    }
    table
}

fn rest(brand: &Brand) -> String {
    let inferred = if brand.rest_inferred { " (inferred)" } else { "" };
    format!("{}{inferred}", brand.rest.unwrap_or(NOT_KNOWN))
}

fn sites_table(sites: &Sites) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["configured site", "name", "Back Office", "REST"]);
    for (site, brand) in sites.iter() {
        let known = |url: Option<String>| url.unwrap_or_else(|| NOT_KNOWN.to_owned());
        table.add_row([
            site.to_owned(),
            brand.name.clone().into_owned(),
            known(brand.back_office_url()),
            known(brand.rest_url()),
        ]);
    }
    table
}
