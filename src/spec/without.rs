//! An environment as it would be if its spec lacked a part.

use super::{Connection, Environment};

impl Environment {
    /// The environment without a service, database or cache, named as in `service.web`; services no longer connect to what is not
    /// there. `None` for any other part: something stands on it.
    #[must_use]
    pub fn without(&self, part: &str) -> Option<Self> {
        let mut rest = self.clone();
        let (kind, name) = part.split_once('.')?;
        let lost = match kind {
            "service" if self.service.get(name).is_some() => {
                let others = self.service.iter().filter(|(other, _)| *other != name);
                rest.service = others.map(|(name, service)| (name.to_owned(), service.clone())).collect();
                return Some(rest);
            }
            "database" => rest.database.remove(name).map(|_| Connection::Database(name.to_owned())),
            "cache" => rest.cache.remove(name).map(|_| Connection::Cache(name.to_owned())),
            _ => None,
        }?;
        let services = rest.service.iter().map(|(name, service)| {
            let mut service = service.clone();
            service.connects.retain(|connection| *connection != lost);
            (name.to_owned(), service)
        });
        rest.service = services.collect();
        Some(rest)
    }
}
