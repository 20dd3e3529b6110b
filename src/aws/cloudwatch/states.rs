//! How alarms stand: what watching a deployment asks.

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use jiff::Timestamp;

use super::super::access::{Access, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::read::each;

/// What asking takes.
pub const ACCESS: Access = Access::reading(&[reads(&["cloudwatch:DescribeAlarms"])]);

/// How many alarms `DescribeAlarms` takes by name in one call.
const AT_ONCE: usize = 100;

/// How an alarm stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmState {
    /// Its name.
    pub name: String,
    /// Whether it rings.
    pub standing: Standing,
    /// Why, as CloudWatch says it.
    pub reason: String,
    /// Since when it has stood so, where CloudWatch says it.
    pub since: Option<Timestamp>,
}

/// Whether an alarm rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The figure is on the right side of its threshold.
    Ok,
    /// It rings.
    Alarm,
    /// There is nothing to judge: the alarm is new, or the metric has no figures.
    InsufficientData,
}

impl Standing {
    /// As CloudWatch spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// How alarms on metrics stand, in the order of `names`; those that are not there are left out. One call for a hundred of them,
/// and none for none.
///
/// # Errors
/// As AWS answers.
pub async fn states(aws: &Aws, names: &[String]) -> Result<Vec<AlarmState>, AwsError> {
    let some = each(names.chunks(AT_ONCE), async |names| {
        let describe = aws.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
        // Without it CloudWatch may give fewer a page than it takes names.
        let describe = describe.alarm_types(AlarmType::MetricAlarm).max_records(100);
        Ok(describe.send().await.call("cloudwatch:DescribeAlarms")?.metric_alarms.unwrap_or_default())
    });
    let mut found: Vec<AlarmState> = some.await?.iter().flatten().map(state).collect();
    found.sort_by_key(|state| names.iter().position(|name| *name == state.name));
    Ok(found)
}

fn state(alarm: &MetricAlarm) -> AlarmState {
    // The first tells when the state was another one last, the second when it was judged last.
    let since = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    AlarmState {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        standing: match alarm.state_value() {
            Some(StateValue::Ok) => Standing::Ok,
            Some(StateValue::Alarm) => Standing::Alarm,
            _ => Standing::InsufficientData,
        },
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        since: since.and_then(|since| Timestamp::from_second(since.secs()).ok()),
    }
}
