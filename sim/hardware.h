// What a simulated machine is made of: cores, network card, disks, page cache, and the network
// between machines. Plain values; a scenario names them under "hardware" and "network", every value
// with its unit. The defaults are one machine of a small office rack: 4 cores, 16 GiB, 1 Gb
// Ethernet, one 7200-rpm SATA disk. Sources of the numbers stand beside them.
//
// Lifetime: values. Threads: none. Errors: ranges are checked where they are read (settings()), so
// the simulator may rely on them: rates and counts are positive, times are not negative.
#pragma once

#include "base/settings_fwd.h"
#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::sim {

/// What one codec costs on one core, and what it saves. Rates are of bytes outside: in when it
/// compresses, out when it decompresses.
struct CodecConfig {
  BytesPerSecond compress;
  BytesPerSecond decompress;
  double ratio = 1;  ///< Bytes outside over bytes inside, of log-like data.

  static const Settings<CodecConfig>& settings();
};

/// Source: docs/hardware.md, "Processor".
struct CodecsConfig {
  CodecConfig gzip{25_MBps, 407_MBps, 3.58};
  CodecConfig snappy{446_MBps, 1'344_MBps, 2.35};
  CodecConfig lz4{594_MBps, 2'428_MBps, 1.81};
  CodecConfig zstd{409_MBps, 844_MBps, 2.9};  ///< Level 1.

  static const Settings<CodecsConfig>& settings();
};

/// Encryption on one core, of every byte that a broker sends or receives.
struct TlsConfig {
  BytesPerSecond rate = 700_MBps;  ///< AES-128-GCM in Java 11.
  Duration handshake = 2ms;        ///< A full one: a signature with RSA-2048 and a key exchange.

  static const Settings<TlsConfig>& settings();
};

/// Stop-the-world collections of a Java process. A young one comes after every `every` bytes that
/// the process has allocated, and lasts a log-normal time; a full one comes when it is told to
/// (Process::collect).
struct GcConfig {
  Bytes every = 600_MiB;  ///< Eden: with G1 at most 60 % of the heap, here of 1 GiB.
  Duration pause = 20ms;  ///< Median. G1 aims below 20 ms in Kafka's start scripts.
  double sigma = 0.5;     ///< Of the logarithm; 0: every pause is the median.

  static const Settings<GcConfig>& settings();
};

/// Processor time, as work items on `cores` equal cores. A broker's request costs
/// request_cost + partition_cost * partitions + record_cost * records + bytes / byte_rate, times a
/// log-normal factor of median 1 and deviation tail_sigma.
struct CpuConfig {
  int cores = 4;
  Duration request_cost = 30us;   ///< Parse, dispatch, respond: network and request threads.
  Duration partition_cost = 4us;  ///< Per partition named in a request.
  Duration record_cost = 100ns;   ///< Per record (validation, offset assignment).
  BytesPerSecond byte_rate = 1'500_MBps;  ///< Copy and checksum, one core.
  double tail_sigma = 0.35;               ///< 0: every item costs its mean exactly.
  CodecsConfig codecs;
  std::optional<TlsConfig> tls;  ///< Unset: brokers speak in the clear.

  static const Settings<CpuConfig>& settings();
};

/// How flows share a network card: `fair` divides the rate (TCP), `fifo` serves one at a time.
enum class NicDiscipline { fair, fifo };

/// Rates and credits are of each direction (full duplex). Credits are full at the start; while they
/// last the card carries burst_rate, without any its rate (sim/token_bucket.h).
struct NicConfig {
  BytesPerSecond rate = 1_Gbps;
  NicDiscipline discipline = NicDiscipline::fair;
  std::optional<BytesPerSecond> burst_rate;  ///< Unset: no burst.
  Bytes burst_credits{0};                    ///< When full.

  BytesPerSecond top_rate() const { return burst_rate.value_or(rate); }
  static const Settings<NicConfig>& settings();
};

enum class DiskKind { hdd, ssd, nvme, volume };

/// One disk: an operation costs `positioning` (when it does not continue the one before it on an
/// HDD; always on flash and on a volume), then bytes over the rate; up to `parallelism` operations
/// at once. A volume is a disk over the network, metered by its provider: at most `iops` operations
/// a second, or `burst_iops` while there are credits (gp2), and its share of the machine's
/// VolumeLinkConfig.
struct DiskConfig {
  DiskKind kind = DiskKind::hdd;
  Bytes size = 1'000_GB;                ///< Writing more is ENOSPC.
  BytesPerSecond read_rate = 137_MBps;  ///< Kreps 2014: six 7200-rpm SATA disks wrote 822 MB/s.
  BytesPerSecond write_rate = 137_MBps;
  Duration positioning = 12'700us;  ///< Mean seek 8.5 ms plus half a turn at 7200 rpm (4.2 ms).
  int parallelism = 1;
  Duration sync_latency = 8'300us;      ///< Emptying the drive's cache: about one turn at 7200 rpm.
  std::optional<PerSecond> iops;        ///< Unset: no limit but the times above.
  std::optional<PerSecond> burst_iops;  ///< While credits last; unset: no burst.
  std::int64_t burst_operations = 0;    ///< Credits when full, each for one operation.
  Bytes io_size = 256_KiB;              ///< One operation for the limit; EBS: 256 KiB on SSD.

  /// The typical disk of a kind; what the JSON key "kind" chooses before other keys adjust it.
  static DiskConfig of(DiskKind kind);
  static const Settings<DiskConfig>& settings();
};

/// The link between a machine and all its volumes together: what AWS calls EBS-optimized. Credits
/// are full at the start.
struct VolumeLinkConfig {
  BytesPerSecond rate = 81'250'000_Bps;      ///< EC2 m5.large: 650 Mb/s baseline.
  std::optional<BytesPerSecond> burst_rate;  ///< While credits last; unset: no burst.
  Bytes burst_credits{0};                    ///< When full.
  std::optional<PerSecond> iops;             ///< Unset: no limit.
  std::optional<PerSecond> burst_iops;
  std::int64_t burst_operations = 0;

  static const Settings<VolumeLinkConfig>& settings();
};

/// Linux's page cache in front of the disks. Ratios are of the cache (ram - heap), as vm.dirty_*.
struct PageCacheConfig {
  Bytes ram = 16_GiB;
  Bytes heap = 1_GiB;                    ///< The process's own memory (KAFKA_HEAP_OPTS: 1 GiB).
  double dirty_background_ratio = 0.10;  ///< vm.dirty_background_ratio: write-back starts.
  double dirty_ratio = 0.20;             ///< vm.dirty_ratio: writers are throttled.
  Duration writeback_interval = 5s;      ///< vm.dirty_writeback_centisecs.
  Duration dirty_expire = 30s;           ///< vm.dirty_expire_centisecs.
  Bytes read_ahead = 128_KiB;            ///< /sys/block/*/queue/read_ahead_kb.

  Bytes capacity() const { return ram - heap; }
  static const Settings<PageCacheConfig>& settings();
};

/// What it costs to start programs, and to bring a broker's logs into use. A start takes its time;
/// recovery is work for a core, beside what reading and checking the bytes cost.
struct StartupConfig {
  Duration broker = 1500ms;         ///< From exec to its first useful line: a JVM loading classes.
  Duration zookeeper{0};            ///< The same of a ZooKeeper server,
  Duration client{0};               ///< and of a producer or consumer.
  Duration listen_after{0};         ///< From a broker's registration until its port is open.
  Duration recover_log{0};          ///< A log with something to check after an unclean stop,
  Duration recover_empty_log{0};    ///< and one without.
  bool leaders_one_by_one = false;  ///< Each leads once its epoch is on the disk; else all at once.

  static const Settings<StartupConfig>& settings();
};

struct MachineConfig {
  /// JSON: the named machine that the other keys adjust. Whoever reads a scenario resolves it
  /// (scenarios/hardware_profiles.h); here it means nothing.
  std::optional<std::string> profile;
  CpuConfig cpu;
  NicConfig nic;
  std::vector<DiskConfig> disks{DiskConfig{}};  ///< At least one; the first holds the system.
  std::optional<VolumeLinkConfig> volume_link;  ///< Unset: volumes have only their own limits.
  PageCacheConfig page_cache;
  std::optional<GcConfig> gc;  ///< Unset: no process of the machine ever collects.
  Duration boot_time = 60s;    ///< Power on to processes starting: firmware, kernel, services.
  StartupConfig startup;

  static const Settings<MachineConfig>& settings();
};

/// What all paths have in common. The delay is that of the switch between all machines, when
/// there is no topology.
struct NetworkConfig {
  Duration delay = 100us;  ///< One way, machine to machine, an empty message.
  Duration jitter{0};      ///< Each message is delayed by a uniform extra of [0, jitter).
  /// The most that a connection has in flight; net.ipv4.tcp_rmem's maximum on Linux.
  Bytes tcp_window = 6_MiB;

  static const Settings<NetworkConfig>& settings();
};

}  // namespace brokerlab::sim
