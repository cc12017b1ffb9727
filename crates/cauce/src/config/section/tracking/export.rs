//! `[tracking.export]`: where the daily export goes.

use std::path::PathBuf;

use cauce_destinations::secret::Secret;
use cauce_engine::settings::tracking::{Bucket, Export};

use crate::config::{
    read::{base_url, filled, parsed, text},
    reader::{Section, Wrong},
    tree::Node,
};

/// Reads the section.
pub(super) fn read(section: Section<'_>) -> Export {
    let folder = section.find("folder", parsed::<PathBuf>);
    let bucket = section.section("bucket").and_then(bucket);
    section.finish();
    Export { folder, bucket }
}

/// A bucket; none where nothing of it is written.
fn bucket(section: Section<'_>) -> Option<Bucket> {
    let needed = ["name", "access_key_id", "secret_access_key"];
    let region = section.need("region", filled);
    let prefix = section.find("prefix", prefix);
    let endpoint = section.find("endpoint", base_url);
    let is_wanted = prefix.is_some()
        || endpoint.is_some()
        || needed.iter().any(|name| section.node(name).is_some());
    if !is_wanted {
        section.finish();
        return None;
    }
    let name = section.need("name", name);
    let access_key_id = section.need("access_key_id", filled);
    let secret_access_key = section.need("secret_access_key", filled);
    section.finish();
    Some(Bucket {
        name: name?,
        prefix: prefix.unwrap_or_default(),
        region: region?,
        endpoint,
        access_key_id: access_key_id?,
        secret_access_key: Secret::new(secret_access_key?),
    })
}

/// A name as buckets may have one
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
fn name(node: &Node) -> Result<String, Wrong> {
    let name = filled(node)?;
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let edge = |c: char| c != '.' && c != '-';
    let is_name = (3..=63).contains(&name.len())
        && name.chars().all(is_part)
        && name.starts_with(edge)
        && name.ends_with(edge);
    match is_name {
        true => Ok(name),
        false => Err(Wrong::new(
            "is no name of a bucket",
            "3 to 63 lower-case letters, digits, points and hyphens, without s3:// before it",
        )),
    }
}

/// What stands before names, without slashes at its ends.
fn prefix(node: &Node) -> Result<String, Wrong> {
    let text = text(node)?;
    let prefix = text.trim_matches('/');
    let is_path = prefix.split('/').all(|part| part != "." && part != "..")
        && prefix.len() <= 512
        && !prefix.contains("//")
        && prefix
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\\?#%\"<>{}^`~[]|*".contains(c));
    match is_path {
        true => Ok(prefix.to_owned()),
        false => Err(Wrong::new(
            "is no start of a name",
            "names with slashes between them: \"web/cauce\"",
        )),
    }
}
