//! Writing into a spec what people would write, and leaving everything else as they wrote it.

use toml_edit::{DocumentMut, Item, Table, TomlError, value};

use crate::values::image_digest::ImageDigest;

/// The text of a spec in which each of these services has this `image`. Comments, order and layout stay.
///
/// # Errors
/// When the text is no TOML.
pub fn with_images<'a>(text: &str, images: impl IntoIterator<Item = (&'a str, &'a ImageDigest)>) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    for (name, digest) in images {
        let services = document.entry("service").or_insert_with(|| {
            let mut services = Table::new();
            // Only its tables have headers, as in `[service.web]`.
            services.set_implicit(true);
            Item::Table(services)
        });
        let Some(services) = services.as_table_like_mut() else { continue };
        let service = services.entry(name).or_insert_with(|| Item::Table(Table::new()));
        let Some(service) = service.as_table_like_mut() else { continue };
        match service.get_mut("image").and_then(Item::as_value_mut) {
            Some(image) => {
                let decor = image.decor().clone();
                *image = digest.as_str().into();
                *image.decor_mut() = decor;
            }
            None => drop(service.insert("image", value(digest.as_str()))),
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> ImageDigest {
        format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
    }

    #[test]
    fn only_the_digest_changes() {
        let one = digest('1');
        let text = format!(
            "extends = \"base.toml\" # as all\n\n[service.web]   # the site\nport    = 8000\nimage = \"{one}\"  # by hand\n\n[service.web.env]\nA = \"1\"\n"
        );
        let two = digest('2');
        assert_eq!(with_images(&text, [("web", &two)]).unwrap(), text.replace(one.as_str(), two.as_str()));
    }

    #[test]
    fn a_service_of_the_base_gets_a_table_of_its_own() {
        let one = digest('1');
        let text = "extends = \"base.toml\"\nenvironment = \"prod\"\n\n[service.web.instances]\nmin = 3\n";
        let web = with_images(text, [("web", &one)]).unwrap();
        assert!(web.contains(&format!("[service.web]\nimage = \"{one}\"\n")), "{web}");
        let both = with_images(&web, [("worker", &one)]).unwrap();
        assert!(both.contains(&format!("[service.worker]\nimage = \"{one}\"\n")), "{both}");
        assert!(both.starts_with("extends = \"base.toml\"\nenvironment = \"prod\"\n"), "{both}");
        assert!(both.contains("[service.web.instances]\nmin = 3\n"), "{both}");
        let parsed: toml::Table = both.parse().unwrap();
        assert_eq!(parsed["service"]["web"]["image"].as_str(), Some(one.as_str()));
        assert_eq!(parsed["service"]["web"]["instances"]["min"].as_integer(), Some(3));
    }
}
