//! What AWS shows of an environment to whoever may look, and what somebody does to it by hand.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_apprunner::types::{ImageConfiguration, ImageRepository, SourceConfiguration};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::given::{APPLICATION, PRINTED};
use super::search::Texts;
use crate::life::Stage;

/// The kinds whose attributes values of the environment are.
const HAVE_VALUES: [&str; 3] = ["ec2.launch_template", "ec2.instance", "apprunner.service"];

const GROUP: &str = "/techhub/dev/web";

/// What AWS shows.
pub(super) struct Shown {
    /// Names, tags and parameters.
    pub(super) plain: Texts,
    /// User data, App Runner's configuration, and how releases ended.
    pub(super) of_values: Texts,
    /// What programs wrote into their logs, whose business that is.
    pub(super) log: Texts,
    /// What Secrets Manager keeps for the database.
    pub(super) of_database: Texts,
}

impl Stage {
    pub(super) async fn shown_by_aws(&self) -> Shown {
        let (mut plain, mut of_values) = (Texts::default(), Texts::default());
        for live in self.everything().await {
            let at = format!("{} {}", live.kind, live.id);
            plain.add(&at, format!("{:?} {:?}", live.tags, live.outputs));
            let texts = if HAVE_VALUES.contains(&live.kind) { &mut of_values } else { &mut plain };
            texts.add(&at, format!("{:?}", live.attrs));
        }
        self.user_data(&mut of_values).await;
        self.app_runner(&mut of_values).await;
        let all = self.by_hand("ssm", "AmazonSSM.DescribeParameters", &json!({})).await;
        for parameter in all["Parameters"].as_array().unwrap().iter().filter(|parameter| parameter["Type"] != "SecureString") {
            let value = self.by_hand("ssm", "AmazonSSM.GetParameterHistory", &json!({ "Name": parameter["Name"] })).await;
            plain.add(format!("parameter {}", parameter["Name"]), value.to_string());
        }
        let log = self.logs(&mut plain, &mut of_values).await;
        let of_database = self.of_database(&of_values).await;
        Shown { plain, of_values, log, of_database }
    }

    /// The secret that the database names. Services are told which it is.
    async fn of_database(&self, of_values: &Texts) -> Texts {
        let databases = self.aws().rds.describe_db_instances().send().await.unwrap();
        let arn = databases.db_instances()[0].master_user_secret().unwrap().secret_arn().unwrap();
        assert!(of_values.one_has(arn), "services find the password of the database");
        let secret = self.aws().secretsmanager.get_secret_value().secret_id(arn).send().await.unwrap();
        Texts::one("the secret of the database", secret.secret_string().unwrap())
    }

    async fn user_data(&self, texts: &mut Texts) {
        let ec2 = &self.aws().ec2;
        let templates = ec2.describe_launch_templates().send().await.unwrap();
        for template in templates.launch_templates() {
            let versions = ec2.describe_launch_template_versions().launch_template_id(template.launch_template_id().unwrap());
            for version in versions.send().await.unwrap().launch_template_versions() {
                let data = version.launch_template_data().unwrap();
                // If it is compressed one day, it is no text, and is to be unpacked here.
                let user_data = String::from_utf8(BASE64_STANDARD.decode(data.user_data().unwrap()).unwrap()).unwrap();
                texts.add("user data", user_data);
                texts.add("a launch template", format!("{data:?} {template:?}"));
            }
        }
        assert!(texts.count("user data") > 2 && texts.one_has("ssm:/techhub/secret-key"), "secrets are referred to");
    }

    async fn app_runner(&self, texts: &mut Texts) {
        let service = self.service().await;
        let image = service.source_configuration().unwrap().image_repository().unwrap().image_configuration().unwrap();
        let secrets = image.runtime_environment_secrets().unwrap();
        assert!(secrets.values().all(|arn| arn.starts_with("arn:aws:")) && secrets.contains_key("TOKEN"), "{secrets:?}");
        texts.add("App Runner", format!("{service:?}"));
    }

    async fn service(&self) -> aws_sdk_apprunner::types::Service {
        let services = self.aws().apprunner.list_services().send().await.unwrap();
        let arn = services.service_summary_list()[0].service_arn().unwrap().to_owned();
        self.aws().apprunner.describe_service().service_arn(arn).send().await.unwrap().service.unwrap()
    }

    /// Every stream of every log group: how releases ended, without secrets, and what programs wrote themselves.
    async fn logs(&self, plain: &mut Texts, ends: &mut Texts) -> Texts {
        let (logs, mut log) = (&self.aws().logs, Texts::default());
        let groups = logs.describe_log_groups().send().await.unwrap();
        for group in groups.log_groups().iter().filter_map(|group| group.log_group_name()) {
            plain.add("a log group", group);
            let streams = logs.describe_log_streams().log_group_name(group).send().await.unwrap();
            for stream in streams.log_streams().iter().filter_map(|stream| stream.log_stream_name()) {
                let events = logs.get_log_events().log_group_name(group).log_stream_name(stream).send().await.unwrap();
                let texts = if stream.ends_with("/end") { &mut *ends } else { &mut log };
                for message in events.events().iter().filter_map(|event| event.message()) {
                    texts.add(format!("log stream {stream}"), message);
                }
            }
        }
        assert!(ends.count("log stream release/") > 1, "releases have told how they ended");
        log
    }

    /// What careless programs write as they fail.
    pub(super) async fn print_secrets(&self) {
        let stream = "i-0123456789abcdef0";
        self.aws().logs.create_log_stream().log_group_name(GROUP).log_stream_name(stream).send().await.unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let lines = [format!("SECRET_KEY={APPLICATION}"), format!("cannot reach postgres://shop:{PRINTED}@db/shop")];
        let event = |line: String| InputLogEvent::builder().timestamp(now.try_into().unwrap()).message(line).build().unwrap();
        let put = self.aws().logs.put_log_events().log_group_name(GROUP).log_stream_name(stream);
        put.set_log_events(Some(lines.map(event).into())).send().await.unwrap();
    }

    /// Somebody changes a value of the environment of App Runner's service.
    pub(super) async fn set_by_hand(&self, value: &str) {
        let service = self.service().await;
        let source = service.source_configuration().unwrap();
        let image = source.image_repository().unwrap();
        let settings = image.image_configuration().unwrap();
        let variables = settings.runtime_environment_variables().unwrap().iter();
        let variables = variables.map(|(name, old)| (name.clone(), if name == "KEY" { value.into() } else { old.clone() }));
        let settings = ImageConfiguration::builder()
            .set_port(settings.port().map(str::to_owned))
            .set_start_command(settings.start_command().map(str::to_owned))
            .set_runtime_environment_variables(Some(variables.collect()))
            .set_runtime_environment_secrets(settings.runtime_environment_secrets().cloned())
            .build();
        let image = ImageRepository::builder()
            .image_identifier(image.image_identifier())
            .image_repository_type(image.image_repository_type().clone())
            .image_configuration(settings);
        let source = SourceConfiguration::builder()
            .image_repository(image.build().unwrap())
            .set_auto_deployments_enabled(source.auto_deployments_enabled())
            .set_authentication_configuration(source.authentication_configuration().cloned());
        let update = self.aws().apprunner.update_service().service_arn(service.service_arn());
        update.source_configuration(source.build()).send().await.unwrap();
    }
}
