//! Measures the CPU of checking a scanned badge, and counts the AWS calls that forged ones cause.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use badge::{BadgeFields, Checker, Presented, Token};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::BadgeId;
use domain::time::Millis;
use serde_json::json;
use settings::Settings;

use crate::city::BenchCity;
use crate::cpu::thread_cpu;
use crate::table::{Row, Table};

const BUDGET_US: f64 = 50.0;
const HOST: &str = "b.homehail.cn";
const WARM_UP: u32 = 200;
/// How many forged badges are sent to the running platform.
const FORGERIES: u32 = 20;

pub(crate) async fn row(city: &BenchCity, times: u32, table: &mut Table) -> Result<()> {
    let each = tokio::task::spawn_blocking(move || cpu_per_check(times)).await??;
    let microseconds = each.as_secs_f64() * 1e6;
    let calls = forgeries(city).await?;
    ensure!(
        calls == 0,
        "{FORGERIES} forged badges caused {calls} AWS calls"
    );
    table.push(
        Row::new("badge, URL to verdict", "≤ 50 µs CPU (release)")
            .measured(
                format!("{microseconds:.0} µs ({} build)", crate::build()),
                &[(microseconds, BUDGET_US)],
            )
            .note(format!(
                "Mean of {times} by the thread's CPU clock: parsing the link, 193 digits to 80 bytes, the signature."
            ))
            .note(format!(
                "{FORGERIES} forged badges sent to the running platform caused {calls} AWS calls."
            )),
    );
    Ok(())
}

/// Average CPU of one check on this thread.
fn cpu_per_check(times: u32) -> Result<Duration> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).ok();
    let pair = pair.context("a key")?;
    let keys = json!({ "keys": [{
        "kid": 1,
        "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
        "sign_from": "2026-01-01T00:00:00Z",
        "verify_until": "2028-01-01T00:00:00Z",
    }]});
    let settings = Settings::from_variables([
        ("BADGE_HOST", HOST),
        ("BADGE_PUBLIC_KEYS", &keys.to_string()),
        ("BADGE_CODE_KEY", "a secret"),
    ]);
    let checker = settings.finish(Checker::new(&settings))?;
    let now = Millis(1_800_000_000_000);
    let links: Vec<String> = (0..64_u32)
        .map(|n| {
            let fields = BadgeFields {
                kid: 1,
                badge: BadgeId::from_bytes(&u64::from(n).to_be_bytes()),
                index: n,
                expires_day: 21_000,
            };
            let signature = pair.sign(&fields.signing_bytes());
            let signature = signature.as_ref().try_into()?;
            Ok(Token::assemble(fields, signature).url(HOST))
        })
        .collect::<Result<_>>()?;
    let check = |link: &str| {
        let presented = black_box(checker.check(black_box(link), now));
        ensure!(matches!(presented, Presented::Printed(_)), "not genuine");
        Ok(())
    };
    let mut rounds = links.iter().cycle();
    for link in rounds.by_ref().take(WARM_UP as usize) {
        check(link)?;
    }
    let before = thread_cpu();
    for link in rounds.take(times as usize) {
        check(link)?;
    }
    Ok((thread_cpu() - before) / times)
}

/// How many AWS calls forged badges cause.
async fn forgeries(city: &BenchCity) -> Result<u64> {
    let wire = city.platform.wire();
    let calls = || wire.usage("badge-verify").calls.values().sum::<u64>();
    let before = calls();
    for n in 0..FORGERIES {
        let digits = format!("{n:0>193}");
        let url = format!("{}/b/{digits}", city.platform.base_url());
        let answer = reqwest::Client::new()
            .get(url)
            .header("accept", "application/json")
            .send()
            .await?;
        let body: serde_json::Value = answer.json().await?;
        ensure!(
            body["result"] == "not_genuine",
            "a forgery was answered {body}"
        );
    }
    Ok(calls() - before)
}
