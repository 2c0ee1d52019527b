#include "sim/page_cache.h"

namespace brokerlab::sim {
namespace {

constexpr std::int64_t chunk_bytes = PageCache::chunk_size.count();

Bytes share(Bytes whole, double ratio) {
  return Bytes(static_cast<std::int64_t>(static_cast<double>(whole.count()) * ratio));
}

}  // namespace

/// Says "this file is being written" for as long as its coroutine lives.
class PageCache::Writing {
 public:
  Writing(PageCache& cache, FileKey key, std::uint64_t version)
      : cache_(cache), key_(key), version_(version) {
    cache_.find(key_, version_)->writing = true;
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  ~Writing() {
    if (File* file = cache_.find(key_, version_)) file->writing = false;
    cache_.written_.notify_all();
  }

 private:
  PageCache& cache_;
  const FileKey key_;
  const std::uint64_t version_;
};

/// Says "these chunks are being read" for as long as its coroutine lives.
class PageCache::Loading {
 public:
  Loading(PageCache& cache, FileKey key, std::uint64_t version, std::int64_t first,
          std::int64_t last)
      : cache_(cache), key_(key), version_(version), first_(first), last_(last) {
    File* file = cache_.find(key_, version_);
    for (std::int64_t index = first_; index <= last_; ++index) file->loading.insert(index);
  }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;
  ~Loading() {
    if (File* file = cache_.find(key_, version_)) {
      file->loading.erase(file->loading.lower_bound(first_), file->loading.upper_bound(last_));
    }
    cache_.loaded_.notify_all();
  }

 private:
  PageCache& cache_;
  const FileKey key_;
  const std::uint64_t version_;
  const std::int64_t first_;
  const std::int64_t last_;
};

PageCache::PageCache(World& world, Disk& disk, const PageCacheConfig& config)
    : world_(world),
      disk_(disk),
      config_(config),
      background_limit_(share(config.capacity(), config.dirty_background_ratio)),
      dirty_limit_(share(config.capacity(), config.dirty_ratio)),
      became_dirty_(world),
      written_(world),
      loaded_(world),
      write_back_(world) {
  ENSURE(config.capacity() > Bytes(0), "no memory is left for the page cache");
}

void PageCache::on_durable(std::function<void(FileKey, std::int64_t)> callback) {
  on_durable_.push_back(std::move(callback));
}

// --- Files and what of them is in memory ---

PageCache::File* PageCache::find(FileKey key, std::uint64_t version) {
  const auto found = files_.find(key);
  return found == files_.end() || found->second.version != version ? nullptr : &found->second;
}

/// A file seen for the first time has its first `clean_size` bytes on the platter already.
PageCache::File& PageCache::open(FileKey key, std::int64_t clean_size) {
  const auto [at, is_new] = files_.try_emplace(key);
  File& file = at->second;
  if (is_new) {
    file.version = next_version_++;
    file.end = file.flushed = file.durable = file.platter = clean_size;
  }
  return file;
}

void PageCache::new_version(File& file) {
  file.version = next_version_++;
  file.writing = false;
  file.loading.clear();
  written_.notify_all();
  loaded_.notify_all();
}

void PageCache::set_extent(FileKey key, File& file, std::int64_t end, std::int64_t flushed) {
  ENSURE(flushed <= end && file.durable <= flushed, "file {}: durable {}, flushed {}, end {}", key,
         file.durable, flushed, end);
  const Bytes before = dirty_;
  dirty_ += Bytes((end - flushed) - (file.end - file.flushed));
  file.end = end;
  file.flushed = flushed;
  if (flushed < end) {
    dirty_files_.insert(key);
  } else {
    dirty_files_.erase(key);
  }
  if (file.durable < flushed) {
    in_drive_.insert(key);
  } else {
    in_drive_.erase(key);
  }
  if (dirty_ < before) {
    written_.notify_all();
  } else if (dirty_ > before &&
             (before == Bytes(0) || (before <= background_limit_ && dirty_ > background_limit_))) {
    became_dirty_.notify_all();
  }
}

void PageCache::cache(FileKey key, File& file, std::int64_t begin, std::int64_t end) {
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t index = at / chunk_bytes;
    const std::int64_t upto = std::min(end, (index + 1) * chunk_bytes);
    const auto found = file.chunks.find(index);
    if (found == file.chunks.end()) {
      lru_.push_front({key, index, at, upto});
      file.chunks.emplace(index, lru_.begin());
      cached_ += Bytes(upto - at);
    } else {
      Chunk& chunk = *found->second;
      const std::int64_t had = chunk.end - chunk.begin;
      chunk.begin = std::min(chunk.begin, at);
      chunk.end = std::max(chunk.end, upto);
      cached_ += Bytes(chunk.end - chunk.begin - had);
      lru_.splice(lru_.begin(), lru_, found->second);
    }
    at = upto;
  }
  evict();
}

/// Whether all of [begin, end), part of one chunk, is in memory; if so it is recently used now.
bool PageCache::touch(File& file, std::int64_t begin, std::int64_t end) {
  const auto found = file.chunks.find(begin / chunk_bytes);
  if (found == file.chunks.end()) return false;
  const Chunk& chunk = *found->second;
  if (chunk.begin > begin || chunk.end < end) return false;
  lru_.splice(lru_.begin(), lru_, found->second);
  return true;
}

void PageCache::drop_chunks(File& file, std::int64_t from) {
  for (auto at = file.chunks.lower_bound(from / chunk_bytes); at != file.chunks.end();) {
    Chunk& chunk = *at->second;
    if (chunk.begin < from) {
      const std::int64_t kept_end = std::min(chunk.end, from);
      cached_ -= Bytes(chunk.end - kept_end);
      chunk.end = kept_end;
      ++at;
      continue;
    }
    cached_ -= Bytes(chunk.end - chunk.begin);
    lru_.erase(at->second);
    at = file.chunks.erase(at);
  }
}

void PageCache::evict() {
  // A dirty chunk gets a second chance at the front; when all are dirty the writers, throttled,
  // bring the cache below its capacity.
  for (std::size_t tries = lru_.size(); tries > 0 && cached_ > config_.capacity(); --tries) {
    const Chunk& oldest = lru_.back();
    File& file = files_.at(oldest.file);
    if (oldest.end > file.flushed) {
      lru_.splice(lru_.begin(), lru_, std::prev(lru_.end()));
      continue;
    }
    cached_ -= Bytes(oldest.end - oldest.begin);
    file.chunks.erase(oldest.index);
    lru_.pop_back();
  }
}

// --- What processes do ---

Task<> PageCache::write(FileKey key, std::int64_t offset, Bytes size) {
  if (size == Bytes(0)) co_return;
  File& file = open(key, offset);
  if (offset < file.flushed) {
    new_version(file);
    file.durable = std::min(file.durable, offset);
    file.platter = std::min(file.platter, offset);
    set_extent(key, file, file.end, offset);
  }
  if (file.flushed == file.end || offset <= file.flushed) file.dirty_since = world_.now();
  set_extent(key, file, std::max(file.end, offset + size.count()), file.flushed);
  cache(key, file, offset, offset + size.count());
  const Time asked = world_.now();
  while (dirty_ > dirty_limit_) co_await written_.wait();
  throttled_ += world_.now() - asked;
}

Task<Status<DiskError>> PageCache::read(FileKey key, std::int64_t offset, Bytes size) {
  const std::int64_t wanted = offset + size.count();
  File* file = &open(key, wanted);
  // The caller knows better how long a file is that was there before us.
  if (wanted > file->end && file->flushed == file->end && file->platter == file->end) {
    file->end = file->flushed = file->durable = file->platter = wanted;
  }
  const std::uint64_t version = file->version;
  bool missed = false;
  std::int64_t at = offset;
  while (file != nullptr && at < std::min(wanted, file->end)) {
    const std::int64_t end = std::min(wanted, file->end);
    const std::int64_t index = at / chunk_bytes;
    const std::int64_t upto = std::min(end, (index + 1) * chunk_bytes);
    if (touch(*file, at, upto)) {
      at = upto;
      continue;
    }
    missed = true;
    if (file->loading.contains(index)) {
      co_await loaded_.wait();
    } else {
      const Status<DiskError> loaded = co_await load(key, version, index, (end - 1) / chunk_bytes);
      if (!loaded) {
        ++misses_;
        co_return loaded;
      }
      // Counts as read even when it does not fit and is gone again.
      at = upto;
    }
    file = find(key, version);
  }
  ++(missed ? misses_ : hits_);
  co_return Status<DiskError>();
}

/// Reads what is cold from chunk `first` on, in one operation, up to the first chunk that is in
/// memory or already on its way, at most up to chunk `last`.
Task<Status<DiskError>> PageCache::load(FileKey key, std::uint64_t version, std::int64_t first,
                                        std::int64_t last) {
  File* file = find(key, version);
  std::int64_t final = first;
  while (final < last && !file->loading.contains(final + 1) && !file->chunks.contains(final + 1)) {
    ++final;
  }
  const std::int64_t begin = first * chunk_bytes;
  const std::int64_t end = std::min((final + 1) * chunk_bytes, file->flushed);
  const Loading loading(*this, key, version, first, final);
  const DiskPlace place{key, begin};
  const Status<DiskError> status =
      co_await disk_.read(place, Bytes(std::max<std::int64_t>(end - begin, 0)));
  if (!status) co_return status;
  file = find(key, version);
  if (file != nullptr) cache(key, *file, begin, end);
  co_return status;
}

Task<Status<DiskError>> PageCache::sync(FileKey key) {
  const auto found = files_.find(key);
  if (found == files_.end() || found->second.durable == found->second.end) {
    co_return Status<DiskError>();
  }
  const Status<DiskError> written =
      co_await write_out(key, found->second.version, found->second.end);
  if (!written) co_return written;
  const Status<DiskError> flushed = co_await flush();
  co_return flushed;
}

void PageCache::forget(FileKey key) {
  const auto found = files_.find(key);
  if (found == files_.end()) return;
  truncate(key, 0);
  lied_about_.erase(key);
  files_.erase(found);
}

void PageCache::truncate(FileKey key, std::int64_t new_size) {
  const auto found = files_.find(key);
  if (found == files_.end() || found->second.end <= new_size) return;
  File& file = found->second;
  new_version(file);
  file.durable = std::min(file.durable, new_size);
  file.platter = std::min(file.platter, new_size);
  set_extent(key, file, new_size, std::min(file.flushed, new_size));
  drop_chunks(file, new_size);
}

// --- Towards the disk ---

/// Writes the file's dirty bytes below `target`, piece by piece, each piece by one writer only.
Task<Status<DiskError>> PageCache::write_out(FileKey key, std::uint64_t version,
                                             std::int64_t target) {
  const Time began = world_.now();
  while (true) {
    File* file = find(key, version);
    if (file == nullptr || file->flushed >= std::min(target, file->end)) break;
    if (file->writing) {
      co_await written_.wait();
      continue;
    }
    const std::int64_t from = file->flushed;
    const std::int64_t upto =
        std::min({target, file->end, from + PageCache::writeback_unit.count()});
    const Writing writing(*this, key, version);
    const DiskPlace place{key, from};
    const Status<DiskError> status = co_await disk_.write(place, Bytes(upto - from));
    if (!status) co_return status;
    file = find(key, version);
    if (file == nullptr) break;
    set_extent(key, *file, file->end, upto);
    // What is dirty beyond the target came after we began.
    if (upto == target) file->dirty_since = std::max(file->dirty_since, began);
  }
  co_return Status<DiskError>();
}

/// Empties the drive's cache: what was written back before is durable then.
Task<Status<DiskError>> PageCache::flush() {
  struct Written {
    FileKey key;
    std::uint64_t version;
    std::int64_t up_to;
  };
  std::vector<Written> written;
  for (const FileKey key : in_drive_) {
    const File& file = files_.at(key);
    written.push_back({key, file.version, file.flushed});
  }
  const Status<DiskError> status = co_await disk_.sync();
  if (!status) co_return status;
  if (disk_.lies()) {
    disk_.count_lie();
  } else {
    make_good();
  }
  for (const Written& it : written) {
    if (File* file = find(it.key, it.version)) mark_durable(it.key, *file, it.up_to);
  }
  co_return status;
}

void PageCache::mark_durable(FileKey key, File& file, std::int64_t up_to) {
  if (up_to <= file.durable) return;  // another flush was first
  file.durable = up_to;
  if (file.durable == file.flushed) in_drive_.erase(key);
  if (disk_.lies()) {
    lied_about_.insert(key);
  } else {
    tell_durable(key, file);
  }
}

void PageCache::tell_durable(FileKey key, File& file) {
  file.platter = file.durable;
  for (const auto& callback : on_durable_) callback(key, file.platter);
}

/// A true sync empties the drive's cache of what earlier ones had left there.
void PageCache::make_good() {
  for (const FileKey key : std::exchange(lied_about_, {})) {
    File& file = files_.at(key);
    if (file.platter < file.durable) tell_durable(key, file);
  }
}

Bytes PageCache::not_durable() const {
  std::int64_t bytes = 0;
  for (const FileKey key : dirty_files_) bytes += files_.at(key).end - files_.at(key).flushed;
  for (const FileKey key : in_drive_) bytes += files_.at(key).flushed - files_.at(key).durable;
  return Bytes(bytes);
}

Time PageCache::next_writeback() const {
  const Duration period = config_.writeback_interval;
  return powered_since_ + ((world_.now() - powered_since_) / period + 1) * period;
}

Task<> PageCache::write_back() {
  while (true) {
    if (dirty_ == Bytes(0)) {
      co_await became_dirty_.wait();
    } else if (dirty_ > background_limit_) {
      co_await write_back_round(world_.now());
    } else {
      const Time tick = next_writeback();
      co_await became_dirty_.wait(tick);
      if (world_.now() >= tick) co_await write_back_round(tick - config_.dirty_expire);
    }
  }
}

/// Writes every file that has been dirty since `dirty_until` or longer, the oldest first, then
/// flushes the drive. Bytes that become dirty meanwhile are left to the next round.
Task<> PageCache::write_back_round(Time dirty_until) {
  struct Due {
    Time since;
    FileKey key;
    std::uint64_t version;
    std::int64_t target;
  };
  std::vector<Due> due;
  for (const FileKey key : dirty_files_) {
    const File& file = files_.at(key);
    if (file.dirty_since <= dirty_until)
      due.push_back({file.dirty_since, key, file.version, file.end});
  }
  if (due.empty()) co_return;
  std::sort(due.begin(), due.end(), [](const Due& a, const Due& b) {
    return std::pair(a.since, a.key) < std::pair(b.since, b.key);
  });
  for (const Due& it : due) {
    // A failed disk: the bytes stay dirty, and the next round tries again.
    const Status<DiskError> written = co_await write_out(it.key, it.version, it.target);
    if (!written) co_return;
  }
  const Status<DiskError> flushed = co_await flush();
  static_cast<void>(flushed);
}

// --- Power ---

void PageCache::power_off() {
  powered_ = false;
  write_back_.kill_all();
  lru_.clear();
  for (auto& [key, file] : files_) {
    file.chunks.clear();
    new_version(file);
    file.end = file.flushed = file.durable = file.platter;
  }
  lied_about_.clear();
  dirty_files_.clear();
  in_drive_.clear();
  cached_ = dirty_ = Bytes(0);
}

void PageCache::power_on() {
  if (powered_) return;
  powered_ = true;
  powered_since_ = world_.now();
  write_back_.spawn(write_back());
}

}  // namespace brokerlab::sim
