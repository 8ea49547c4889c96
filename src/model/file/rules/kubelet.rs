//! Fields of the KubeletConfiguration that a pool may set.

use crate::model::file::read::{Wrong, nearest, wrong};

/// The newest Kubernetes minor version whose fields are listed here.
const KNOWN_MINOR: u64 = 36;

/// Fields that joining a cluster, registering the node and reaching its container runtime depend on: kubeadm or `scaler`
/// sets them (kubeadm's `componentconfigs/kubelet.go`).
const OWN: [&str; 17] = [
    "apiVersion",
    "kind",
    "address",
    "authentication",
    "authorization",
    "cgroupDriver",
    "clusterDNS",
    "clusterDomain",
    "containerRuntimeEndpoint",
    "healthzBindAddress",
    "healthzPort",
    "port",
    "providerID",
    "registerNode",
    "registerWithTaints",
    "rotateCertificates",
    "staticPodPath",
];

/// The other fields of `kubelet.config.k8s.io/v1beta1` (k8s.io/kubelet v0.36, `config/v1beta1/types.go`).
const KNOWN: &str = "\
    enableServer podLogsDir syncFrequency fileCheckFrequency httpCheckFrequency staticPodURL staticPodURLHeader \
    readOnlyPort tlsCertFile tlsPrivateKeyFile tlsCipherSuites tlsCurvePreferences tlsMinVersion serverTLSBootstrap \
    registryPullQPS registryBurst imagePullCredentialsVerificationPolicy preloadedImagesVerificationAllowlist \
    eventRecordQPS eventBurst enableDebuggingHandlers enableContentionProfiling oomScoreAdj \
    streamingConnectionIdleTimeout nodeStatusUpdateFrequency nodeStatusReportFrequency nodeLeaseDurationSeconds \
    imageMinimumGCAge imageMaximumGCAge imageGCHighThresholdPercent imageGCLowThresholdPercent volumeStatsAggPeriod \
    kubeletCgroups systemCgroups cgroupRoot cgroupsPerQOS cpuManagerPolicy singleProcessOOMKill \
    cpuManagerPolicyOptions cpuManagerReconcilePeriod memoryManagerPolicy topologyManagerPolicy topologyManagerScope \
    topologyManagerPolicyOptions qosReserved runtimeRequestTimeout hairpinMode maxPods podCIDR podPidsLimit resolvConf \
    runOnce cpuCFSQuota cpuCFSQuotaPeriod nodeStatusMaxImages maxOpenFiles contentType kubeAPIQPS kubeAPIBurst \
    serializeImagePulls maxParallelImagePulls evictionHard evictionSoft evictionSoftGracePeriod \
    evictionPressureTransitionPeriod evictionMaxPodGracePeriod evictionMinimumReclaim mergeDefaultEvictionSettings \
    podsPerCore enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains iptablesMasqueradeBit \
    iptablesDropBit featureGates failSwapOn memorySwap containerLogMaxSize containerLogMaxFiles containerLogMaxWorkers \
    containerLogMonitorInterval configMapAndSecretChangeDetectionStrategy systemReserved kubeReserved \
    reservedSystemCPUs showHiddenMetricsForVersion systemReservedCgroup kubeReservedCgroup enforceNodeAllocatable \
    allowedUnsafeSysctls volumePluginDir kernelMemcgNotification logging enableSystemLogHandler enableSystemLogQuery \
    shutdownGracePeriod shutdownGracePeriodCriticalPods shutdownGracePeriodByPodPriority crashLoopBackOff \
    reservedMemory enableProfilingHandler enableDebugFlagsHandler seccompDefault memoryThrottlingFactor \
    memoryReservationPolicy tracing localStorageCapacityIsolation imageServiceEndpoint failCgroupV1 userNamespaces";

/// Whether a pool may set this field. A kubelet that meets a field it does not know does not start, so a slip is refused
/// here; newer Kubernetes versions than the list is made of may have more.
pub fn field(name: &str, kubernetes: Option<&semver::Version>) -> Result<(), Wrong> {
    if OWN.contains(&name) {
        return Err(wrong("this field is set for every node", "take it out"));
    }
    let newer = kubernetes.is_some_and(|version| version.minor > KNOWN_MINOR);
    if newer || KNOWN.split_whitespace().any(|known| known == name) {
        return Ok(());
    }
    let help = match nearest(name, KNOWN.split_whitespace()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see KubeletConfiguration in Kubernetes' reference".into(),
    };
    Err(wrong("a kubelet has no such field", help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use semver::Version;

    #[test]
    fn fields() {
        let version = Version::new(1, 36, 3);
        assert!(field("cpuCFSQuota", Some(&version)).is_ok());
        assert_eq!(field("cpuCfsQuotta", Some(&version)).unwrap_err().help, "did you mean `cpuCFSQuota`?");
        assert!(field("newThing", Some(&version)).is_err());
        assert!(field("newThing", Some(&Version::new(1, 37, 0))).is_ok());
        assert!(field("providerID", Some(&Version::new(1, 37, 0))).is_err());
    }
}
