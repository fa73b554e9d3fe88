//! What was lost comes back: after power cuts, with an empty or an older Redis, with timers that were due meanwhile.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod catalogue;
mod commit_order;
mod failing_redis;
mod one_name;
mod outage;
mod rebalance;
mod same_result;
mod timers;

use kefu_integration_tests::{Running, Shop};

/// One more process with intake, called `instance`.
fn start_beside(shop: &Shop, instance: &str) -> Running {
    let cluster = shop.cluster();
    let file = |name: &str| cluster.folder().join(name).display().to_string();
    let mut args = cluster.flags(instance);
    let (config, policy) = (file("kefu.toml"), file("policy.yaml"));
    args.extend(["--services", "intake", "--config", &config, "--policy", &policy].map(str::to_owned));
    Running::start("second", cluster.folder(), &args)
}
