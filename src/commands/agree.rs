//! Whether a plan may be carried out: nothing is blocked, every hazard that must be is allowed by name, and somebody agreed.

use super::context::Context;
use super::error::Error;
use super::prepare::Prepared;
use crate::cli;
use crate::plan::Plan;
use crate::record::Consent;

/// Makes sure that `prepared` may be carried out. `--yes` agrees to whatever the plan is, all else to this plan and no other.
///
/// # Errors
/// What is missing, and how to give it.
pub(super) fn agree(context: &Context, prepared: &Prepared, flags: &cli::Consent) -> Result<Consent, Error> {
    let plan = &prepared.plan;
    nothing_is_blocked(plan)?;
    let missing: Vec<&str> = plan
        .hazards()
        .iter()
        .filter(|hazard| hazard.must_be_allowed() && !flags.allow.contains(hazard))
        .map(|hazard| hazard.name())
        .collect();
    if !missing.is_empty() {
        let allow: Vec<String> = missing.iter().map(|hazard| format!("--allow {hazard}")).collect();
        let message = format!("the plan has the hazard {}, which must be allowed by name", missing.join(", "));
        return Err(Error::Refused { message, help: format!("add `{}` if that is what you want", allow.join(" ")) });
    }

    let id = plan.id();
    let name = &prepared.environment.environment;
    match &flags.approve {
        Some(approved) if *approved == id => return Ok(Consent::Approved),
        Some(approved) if !approved.is_empty() && id.starts_with(&approved.to_lowercase()) => {
            let message = format!("`--approve {approved}` is only a part of the id of the plan above");
            return Err(Error::Refused { message, help: format!("write all of it: `--approve {id}`") });
        }
        Some(approved) => {
            let message = format!("plan {approved} was approved, and the plan is now {id}");
            return Err(Error::Refused { message, help: format!("read the plan above, then `--approve {id}`") });
        }
        None => {}
    }
    let required = prepared.environment.approval.required;
    if flags.yes && !required {
        return Ok(Consent::Yes);
    }
    if flags.yes && !context.interactive {
        let message = format!("{name} requires approval, and `--yes` is none");
        return Err(Error::Refused { message, help: format!("`--approve {id}` approves exactly the plan above") });
    }
    if !context.interactive {
        let message = "nobody agreed to the plan, and nobody can be asked here".to_owned();
        let flag = if required { format!("`--approve {id}`") } else { format!("`--yes`, or `--approve {id}`") };
        return Err(Error::Refused { message, help: format!("add {flag}") });
    }
    let typed = context.ask(&format!("\nType {name} to carry out this plan: "))?;
    if typed.as_deref() == Some(name) {
        return Ok(Consent::Typed);
    }
    Err(Error::Refused { message: "nothing was done".into(), help: format!("type exactly {name} to agree") })
}

/// Makes sure that nothing is in the way.
///
/// # Errors
/// The first that is, and the way out.
pub(super) fn nothing_is_blocked(plan: &Plan) -> Result<(), Error> {
    plan.blocked().next().map_or(Ok(()), |blocked| {
        let message = format!("{} is blocked, so nothing was done", blocked.address);
        let help = blocked.blocked.as_ref().map_or_else(String::new, |blocked| blocked.help.clone());
        Err(Error::Refused { message, help })
    })
}
