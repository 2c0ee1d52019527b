#include "sim/hardware.h"

#include "base/settings.h"
#include "base/translation.h"

#include <cmath>

namespace brokerlab::sim {
namespace {

constexpr std::int64_t most_credits = 1'000'000'000'000;

SettingType<PerSecond> iops_limit() { return setting::per_second(PerSecond(1), PerSecond(1e7)); }

/// A burst is no slower than the limit that it exceeds.
template <class Rate>
void check_burst(const std::optional<Rate>& baseline, const std::optional<Rate>& burst,
                 const char* field, const char* of, FieldReport& report) {
  if (!burst) return;
  if (!baseline) {
    report.error(field, tr("needs {}, which it exceeds", of));
  } else if (*burst < *baseline) {
    report.error(field, tr("must be at least {}, {}", of, to_text(*baseline)));
  }
}

/// A burst without credits never comes, and credits without a burst are never used.
void check_credits(bool bursts, std::int64_t credits, const char* field, const char* burst,
                   FieldReport& report) {
  if (bursts && credits == 0) {
    report.error(field, tr("must be more than 0 for {} to be reached", burst));
  } else if (!bursts && credits > 0) {
    report.error(field, tr("needs {}, which the credits are for", burst));
  }
}

}  // namespace

const Settings<CpuConfig>& CpuConfig::settings() {
  static const auto all =
      Settings<CpuConfig>("Cpu", "Cores, and what a broker's work costs on one of them.")
          .field("cores", &CpuConfig::cores, 1, 256, "Equal cores.")
          .field("request_cost", &CpuConfig::request_cost, Duration{0}, 1s,
                 "Per request: parse, dispatch, respond.")
          .field("partition_cost", &CpuConfig::partition_cost, Duration{0}, 1s,
                 "Per partition named in a request.")
          .field("record_cost", &CpuConfig::record_cost, Duration{0}, 1s, "Per record.")
          .field("byte_rate", &CpuConfig::byte_rate, 1_MBps, 100'000_MBps,
                 "Copying and checksumming, one core.")
          .field("tail_sigma", &CpuConfig::tail_sigma, 0.0, 3.0,
                 "Log-normal spread of every cost; 0 for none.")
          .field("codecs", &CpuConfig::codecs, setting::record<CodecsConfig>(),
                 "What compressing costs and saves.")
          .field("tls", &CpuConfig::tls, setting::record<TlsConfig>(),
                 "Encryption of all that brokers send and receive; unset is none.");
  return all;
}

const Settings<CodecConfig>& CodecConfig::settings() {
  static const auto all =
      Settings<CodecConfig>("Codec", "One codec on one core.")
          .field("compress", &CodecConfig::compress, 1_MBps, 100'000_MBps, "Bytes in a second.")
          .field("decompress", &CodecConfig::decompress, 1_MBps, 100'000_MBps,
                 "Bytes out a second.")
          .field("ratio", &CodecConfig::ratio, 1.0, 1000.0,
                 "How many times smaller the data gets.");
  return all;
}

const Settings<CodecsConfig>& CodecsConfig::settings() {
  const auto codec = setting::record<CodecConfig>();
  static const auto all = Settings<CodecsConfig>("Codecs", "Kafka's codecs.")
                              .field("gzip", &CodecsConfig::gzip, codec, "zlib, level 6.")
                              .field("snappy", &CodecsConfig::snappy, codec, "Snappy.")
                              .field("lz4", &CodecsConfig::lz4, codec, "LZ4.")
                              .field("zstd", &CodecsConfig::zstd, codec, "Zstandard, level 1.");
  return all;
}

const Settings<TlsConfig>& TlsConfig::settings() {
  static const auto all =
      Settings<TlsConfig>("Tls", "Encryption on one core.")
          .field("rate", &TlsConfig::rate, 1_MBps, 100'000_MBps, "Bytes a second.")
          .field("handshake", &TlsConfig::handshake, Duration{0}, 1s, "Per connection.");
  return all;
}

const Settings<GcConfig>& GcConfig::settings() {
  static const auto all =
      Settings<GcConfig>("Gc", "Stop-the-world collections of a Java process.")
          .field("every", &GcConfig::every, 1_MiB, Bytes(1ll << 40),
                 "A young collection after this much was allocated.")
          .field("pause", &GcConfig::pause, Duration{0}, 1h, "How long one lasts, the median.")
          .field("sigma", &GcConfig::sigma, 0.0, 3.0, "Log-normal spread of that; 0 for none.");
  return all;
}

const Settings<NicConfig>& NicConfig::settings() {
  static const auto all =
      Settings<NicConfig>("Nic", "A network card.")
          .field("rate", &NicConfig::rate, 1_Mbps, 400_Gbps, "In each direction.")
          .field("discipline", &NicConfig::discipline,
                 setting::names<NicDiscipline>(
                     {{"fair", NicDiscipline::fair}, {"fifo", NicDiscipline::fifo}}),
                 "Whether flows share the rate evenly or queue.")
          .field("burst_rate", &NicConfig::burst_rate, setting::rate(1_Mbps, 400_Gbps),
                 "The same while burst credits last; unset is no burst.")
          .field("burst_credits", &NicConfig::burst_credits, Bytes(0), Bytes(1ll << 50),
                 "Burst credits of a direction when full, as at the start; they come back at the "
                 "rate.")
          .check([](const NicConfig& nic, FieldReport& report) {
            check_burst(std::optional(nic.rate), nic.burst_rate, "burst_rate", "rate", report);
            check_credits(nic.burst_rate.has_value(), nic.burst_credits.count(), "burst_credits",
                          "burst_rate", report);
            // sim/nic_credits.h looks once in a millisecond.
            const auto above = static_cast<double>(nic.top_rate().count() - nic.rate.count());
            const Bytes enough(std::llround(above / 1000));
            if (nic.burst_credits > Bytes(0) && nic.burst_credits < enough) {
              report.error(
                  "burst_credits",
                  tr("must last for a millisecond of burst_rate at least, {}", to_text(enough)));
            }
          });
  return all;
}

DiskConfig DiskConfig::of(DiskKind kind) {
  DiskConfig disk;  // The defaults are those of an HDD.
  disk.kind = kind;
  switch (kind) {
    case DiskKind::hdd:
      break;
    case DiskKind::ssd:  // A SATA 3 drive: the 6 Gb/s link less its coding, 32 queued commands.
      disk.read_rate = 540_MBps;
      disk.write_rate = 500_MBps;
      disk.positioning = 80us;
      disk.parallelism = 32;
      disk.sync_latency = 1ms;
      break;
    case DiskKind::nvme:  // A PCIe 3 x4 data-centre drive.
      disk.read_rate = 3'000_MBps;
      disk.write_rate = 1'500_MBps;
      disk.positioning = 20us;
      disk.parallelism = 128;
      disk.sync_latency = 50us;  // Power-loss protection: a flush has nothing to wait for.
      break;
    case DiskKind::volume:  // AWS's gp3 without extras: 125 MiB/s, 3,000 operations a second.
      disk.size = 500_GiB;
      disk.read_rate = 125_MiBps;
      disk.write_rate = 125_MiBps;
      disk.positioning = 1ms;  // "Single-digit milliseconds", AWS says.
      disk.parallelism = 64;
      disk.sync_latency = 1ms;  // A write is safe when it is answered; the journal writes one more.
      disk.iops = PerSecond(3'000);
      break;
  }
  return disk;
}

const Settings<DiskConfig>& DiskConfig::settings() {
  static const auto all =
      Settings<DiskConfig>("Disk", "One disk: a cost per operation, then bytes at a rate.")
          .field("kind", &DiskConfig::kind,
                 setting::names<DiskKind>({{"hdd", DiskKind::hdd},
                                           {"ssd", DiskKind::ssd},
                                           {"nvme", DiskKind::nvme},
                                           {"volume", DiskKind::volume}}),
                 "Sets every value below to the typical one of its kind.")
          .then([](DiskConfig& disk) { disk = DiskConfig::of(disk.kind); })
          .field("size", &DiskConfig::size, 1_MiB, Bytes(1ll << 50), "Room for files.")
          .field("read_rate", &DiskConfig::read_rate, 1_MBps, 20'000_MBps, "Sequential reads.")
          .field("write_rate", &DiskConfig::write_rate, 1_MBps, 20'000_MBps, "Sequential writes.")
          .field("positioning", &DiskConfig::positioning, Duration{0}, 1s,
                 "HDD: seek and rotation; flash: latency of an operation.")
          .field("parallelism", &DiskConfig::parallelism, 1, 1024, "Operations at once.")
          .field("sync_latency", &DiskConfig::sync_latency, Duration{0}, 1s,
                 "Emptying the drive's own cache.")
          .field("iops", &DiskConfig::iops, iops_limit(),
                 "Operations a second that a provider lets pass; unset is no limit.")
          .field("burst_iops", &DiskConfig::burst_iops, iops_limit(),
                 "The same while burst credits last; unset is no burst.")
          .field("burst_operations", &DiskConfig::burst_operations,
                 setting::integer64(0, most_credits),
                 "Burst credits when full, as at the start; they come back at the rate of iops.")
          .field("io_size", &DiskConfig::io_size, 4_KiB, 16_MiB,
                 "Larger operations count as several; ones in sequence are merged up to this.")
          .check([](const DiskConfig& disk, FieldReport& report) {
            check_burst(disk.iops, disk.burst_iops, "burst_iops", "iops", report);
            check_credits(disk.burst_iops.has_value(), disk.burst_operations, "burst_operations",
                          "burst_iops", report);
          });
  return all;
}

const Settings<VolumeLinkConfig>& VolumeLinkConfig::settings() {
  using L = VolumeLinkConfig;
  static const auto all =
      Settings<L>("VolumeLink", "The link between a machine and all its volumes together.")
          .field("rate", &L::rate, 1_MBps, 100'000_MBps, "Both directions together.")
          .field("burst_rate", &L::burst_rate, setting::rate(1_MBps, 100'000_MBps),
                 "The same while burst credits last; unset is no burst.")
          .field("burst_credits", &L::burst_credits, Bytes(0), Bytes(1ll << 50),
                 "Burst credits when full, as at the start; they come back at the rate.")
          .field("iops", &L::iops, iops_limit(), "Operations a second; unset is no limit.")
          .field("burst_iops", &L::burst_iops, iops_limit(),
                 "The same while their credits last; unset is no burst.")
          .field("burst_operations", &L::burst_operations, setting::integer64(0, most_credits),
                 "Credits of operations when full.")
          .check([](const L& link, FieldReport& report) {
            check_burst(std::optional(link.rate), link.burst_rate, "burst_rate", "rate", report);
            check_burst(link.iops, link.burst_iops, "burst_iops", "iops", report);
            check_credits(link.burst_rate.has_value(), link.burst_credits.count(), "burst_credits",
                          "burst_rate", report);
            check_credits(link.burst_iops.has_value(), link.burst_operations, "burst_operations",
                          "burst_iops", report);
          });
  return all;
}

const Settings<PageCacheConfig>& PageCacheConfig::settings() {
  static const auto all =
      Settings<PageCacheConfig>("PageCache", "Memory in front of the disks, as Linux manages it.")
          .field("ram", &PageCacheConfig::ram, 64_MiB, Bytes(4ll << 40), "All memory.")
          .field("heap", &PageCacheConfig::heap, Bytes(0), Bytes(4ll << 40),
                 "What the process takes; the rest caches files.")
          .field("dirty_background_ratio", &PageCacheConfig::dirty_background_ratio, 0.0, 1.0,
                 "Share of the cache that may be dirty before write-back starts.")
          .field("dirty_ratio", &PageCacheConfig::dirty_ratio, 0.0, 1.0,
                 "Share that may be dirty before writers wait.")
          .field("writeback_interval", &PageCacheConfig::writeback_interval, 1ms, 1h,
                 "How often old dirty pages are looked for.")
          .field("dirty_expire", &PageCacheConfig::dirty_expire, Duration{0}, 1h,
                 "The age at which a dirty page is written.")
          .field("read_ahead", &PageCacheConfig::read_ahead, Bytes(0), 1_GiB,
                 "The largest window read ahead of who reads in sequence; 0 for none.")
          .check([](const PageCacheConfig& cache, FieldReport& report) {
            if (cache.heap >= cache.ram) {
              report.error("heap", tr("must be less than ram, {}", to_text(cache.ram)));
            }
            if (cache.dirty_background_ratio > cache.dirty_ratio) {
              report.error("dirty_background_ratio",
                           tr("must not exceed dirty_ratio, {}", cache.dirty_ratio));
            }
          });
  return all;
}

const Settings<StartupConfig>& StartupConfig::settings() {
  using S = StartupConfig;
  static const auto all =
      Settings<S>("Startup", "How long programs take to start, and what a broker's logs cost then.")
          .field("broker", &S::broker, Duration{0}, 1h,
                 "From exec to the first work: a JVM loading Kafka's classes.")
          .field("zookeeper", &S::zookeeper, Duration{0}, 1h, "The same of a ZooKeeper server.")
          .field("client", &S::client, Duration{0}, 1h, "The same of a producer or consumer.")
          .field("listen_after", &S::listen_after, Duration{0}, 1h,
                 "From a broker's registration until its port is open; who comes before that is "
                 "refused.")
          .field("recover_log", &S::recover_log, Duration{0}, 1min,
                 "Work of a core for each log after an unclean stop, beside that for its bytes; "
                 "num.recovery.threads.per.data.dir logs of a directory at once.")
          .field("recover_empty_log", &S::recover_empty_log, Duration{0}, 1min,
                 "The same of a log that has nothing to check.")
          .field("leaders_one_by_one", &S::leaders_one_by_one,
                 "A broker that takes over several partitions leads each once its epoch is synced "
                 "to the disk, as Kafka does; false is all at once, and the disk afterwards.");
  return all;
}

const Settings<MachineConfig>& MachineConfig::settings() {
  static const auto all =
      Settings<MachineConfig>("Machine", "A kind of machine that brokers and clients run on.")
          .field(
              "profile", &MachineConfig::profile, setting::text(1000),
              "A known machine that the other keys adjust: a name of brokerlab hardware list, or "
              "a file, relative to this one.")
          .field("cpu", &MachineConfig::cpu, setting::record<CpuConfig>(), "Processor.")
          .field("nic", &MachineConfig::nic, setting::record<NicConfig>(), "Network card.")
          .field("disks", &MachineConfig::disks,
                 setting::list(setting::record<DiskConfig>(), 1, 24),
                 "Disks; a broker keeps a log directory on each.")
          .field("volume_link", &MachineConfig::volume_link, setting::record<VolumeLinkConfig>(),
                 "What all volumes together may carry; unset is only their own limits.")
          .field("page_cache", &MachineConfig::page_cache, setting::record<PageCacheConfig>(),
                 "Memory.")
          .field("gc", &MachineConfig::gc, setting::record<GcConfig>(),
                 "Garbage collection in its brokers; unset is none.")
          .field("boot_time", &MachineConfig::boot_time, Duration{0}, 1h,
                 "From power on to processes starting.")
          .field("startup", &MachineConfig::startup, setting::record<StartupConfig>(),
                 "Programs that start.");
  return all;
}

const Settings<NetworkConfig>& NetworkConfig::settings() {
  static const auto all =
      Settings<NetworkConfig>("Network", "What all paths between machines have in common.")
          .field("delay", &NetworkConfig::delay, 1us, 10s,
                 "One way, between any two machines; with a topology its cables' delays count.")
          .field("jitter", &NetworkConfig::jitter, Duration{0}, 10s,
                 "A uniform extra of 0 up to this on every message.")
          .field("tcp_window", &NetworkConfig::tcp_window, 4_KiB, 1_GiB,
                 "The most that a connection has in flight: it carries a window a round trip.");
  return all;
}

}  // namespace brokerlab::sim
