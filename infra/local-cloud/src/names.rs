//! ARNs and queue URLs of one account in one region.

/// China and GovCloud have partitions of their own.
pub(crate) fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Names {
    fn arn(&self, service: &str, rest: &str) -> String {
        let partition = partition_of(&self.region);
        format!(
            "arn:{partition}:{service}:{}:{}:{rest}",
            self.region, self.account
        )
    }

    pub(crate) fn queue(&self, name: &str) -> String {
        self.arn("sqs", name)
    }

    /// The queue that an ARN names, if it is of this account and region.
    pub(crate) fn queue_of_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.strip_prefix(&self.queue(""))
            .filter(|name| !name.is_empty())
    }

    pub(crate) fn queue_url(&self, base: &str, name: &str) -> String {
        format!("{}/{}/{name}", base.trim_end_matches('/'), self.account)
    }

    /// The queue that a URL names: its last part, when the one before is this account.
    pub(crate) fn queue_of_url<'a>(&self, url: &'a str) -> Option<&'a str> {
        let (before, name) = url.rsplit_once('/')?;
        let account = before.rsplit('/').next()?;
        (account == self.account && !name.is_empty()).then_some(name)
    }

    pub(crate) fn bucket(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", partition_of(&self.region))
    }

    pub(crate) fn key(&self, id: &str) -> String {
        self.arn("kms", &format!("key/{id}"))
    }

    pub(crate) fn schedule(&self, group: &str, name: &str) -> String {
        self.arn("scheduler", &format!("schedule/{group}/{name}"))
    }

    pub(crate) fn bus(&self, name: &str) -> String {
        self.arn("events", &format!("event-bus/{name}"))
    }

    /// The bus that a name or an ARN means.
    pub(crate) fn bus_name<'a>(&self, name_or_arn: &'a str) -> &'a str {
        name_or_arn
            .strip_prefix(&self.bus(""))
            .unwrap_or(name_or_arn)
    }

    pub(crate) fn rule(&self, bus: &str, name: &str) -> String {
        self.arn("events", &format!("rule/{bus}/{name}"))
    }
}
