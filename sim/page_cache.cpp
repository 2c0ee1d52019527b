#include "sim/page_cache.h"

#include "sim/page_bits.h"

#include <bit>

namespace brokerlab::sim {
namespace {

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

PageCache::PageCache(World& world, Disk& disk, const PageCacheConfig& config)
    : world_(world),
      disk_(disk),
      config_(config),
      background_limit_(share(config.capacity(), config.dirty_background_ratio)),
      dirty_limit_(share(config.capacity(), config.dirty_ratio)),
      became_dirty_(world),
      written_(world),
      loaded_(world),
      write_back_(world),
      ahead_(world) {
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
  file.ahead = ReadAhead{};
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
  const std::int64_t first = page_of(begin);
  const std::int64_t last = pages_up_to(end);
  for (std::int64_t index = first / chunk_pages; index * chunk_pages < last; ++index) {
    const auto at = static_cast<std::size_t>(index);
    if (at >= file.chunks.size()) file.chunks.resize(at + 1, PageChunks::none);
    PageChunks::Ref& ref = file.chunks[at];
    if (ref == PageChunks::none) ref = chunks_.add(key, index);
    PageChunks::Chunk& chunk = chunks_[ref];
    const Pages more = mask_in_chunk(index, first, last) & ~chunk.pages;
    chunk.pages |= more;
    cached_ += size_of(more);
    if (chunk.active) active_bytes_ += size_of(more);
    chunks_.use(ref, chunk.active);
  }
  evict();
}

PageChunks::Ref PageCache::chunk_of(const File& file, std::int64_t index) {
  const auto at = static_cast<std::size_t>(index);
  return at < file.chunks.size() ? file.chunks[at] : PageChunks::none;
}

PageCache::Pages PageCache::pages_in_memory(const File& file, std::int64_t chunk) const {
  const PageChunks::Ref found = chunk_of(file, chunk);
  return found == PageChunks::none ? 0 : chunks_[found].pages;
}

PageCache::Pages PageCache::pages_on_their_way(const File& file, std::int64_t chunk) {
  const auto found = file.loading.find(chunk);
  return found == file.loading.end() ? 0 : found->second;
}

/// Pages [first, last) are read from memory: what is used a second time is active from now on.
void PageCache::use_again(File& file, std::int64_t first, std::int64_t last) {
  for (std::int64_t index = first / chunk_pages; index * chunk_pages < last; ++index) {
    const PageChunks::Ref found = chunk_of(file, index);
    if (found == PageChunks::none) continue;
    if (!chunks_[found].active) active_bytes_ += size_of(chunks_[found].pages);
    chunks_.use(found, true);
  }
}

void PageCache::drop_chunks(File& file, std::int64_t from) {
  const std::int64_t kept = pages_up_to(from);
  for (auto at = static_cast<std::size_t>(kept / chunk_pages); at < file.chunks.size(); ++at) {
    const PageChunks::Ref found = file.chunks[at];
    if (found == PageChunks::none) continue;
    PageChunks::Chunk& chunk = chunks_[found];
    const Pages gone = chunk.pages & ~mask_in_chunk(chunk.index, 0, kept);
    chunk.pages &= ~gone;
    cached_ -= size_of(gone);
    if (chunk.active) active_bytes_ -= size_of(gone);
    if (chunk.pages == 0) forget_chunk(found);
  }
  const auto left = static_cast<std::size_t>(pages_up_to(from) / chunk_pages + 1);
  if (left < file.chunks.size()) file.chunks.resize(left);
}

void PageCache::forget_chunk(PageChunks::Ref ref) {
  const PageChunks::Chunk& chunk = chunks_[ref];
  cached_ -= size_of(chunk.pages);
  if (chunk.active) active_bytes_ -= size_of(chunk.pages);
  files_.at(chunk.file).chunks[chunk.index] = PageChunks::none;
  chunks_.remove(ref);
}

void PageCache::evict() {
  // A dirty chunk gets a second chance at the front; when all are dirty the writers, throttled,
  // bring the cache below its capacity.
  std::size_t tries = chunks_.size();
  for (; tries > 0 && cached_ > config_.capacity(); --tries) {
    // Half of the cache at least is for what was used once, or nothing new could prove its worth.
    if (chunks_.oldest(false) == PageChunks::none || active_bytes_ + active_bytes_ > cached_) {
      const PageChunks::Ref demoted = chunks_.oldest(true);
      active_bytes_ -= size_of(chunks_[demoted].pages);
      chunks_.use(demoted, false);
    }
    const PageChunks::Ref oldest = chunks_.oldest(false);
    const PageChunks::Chunk& chunk = chunks_[oldest];
    const File& file = files_.at(chunk.file);
    const std::int64_t end =
        chunk.index * chunk_bytes + (chunk_pages - std::countl_zero(chunk.pages)) * page_bytes;
    if (std::min(end, file.end) > file.flushed) {
      chunks_.use(oldest, false);
      continue;
    }
    forget_chunk(oldest);
  }
}

// --- What processes do ---

Task<> PageCache::write(FileKey key, std::int64_t offset, Bytes size) {
  if (size == Bytes(0)) co_return;
  write_now(key, offset, size);
  co_await wait_below_dirty_limit();
}

void PageCache::write_now(FileKey key, std::int64_t offset, Bytes size) {
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
}

Task<> PageCache::wait_below_dirty_limit() {
  const Time asked = world_.now();
  while (dirty_ > dirty_limit_) co_await written_.wait();
  throttled_ += world_.now() - asked;
}

bool PageCache::is_durable(FileKey key) const {
  const auto found = files_.find(key);
  return found == files_.end() || found->second.durable == found->second.end;
}

Task<Status<DiskError>> PageCache::sync(FileKey key) {
  if (is_durable(key)) co_return Status<DiskError>();
  const auto found = files_.find(key);
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

void PageCache::note_writes() {
  were_writing_.clear();
  for (const auto& [key, file] : files_) {
    if (file.writing) were_writing_.insert(key);
  }
}

void PageCache::power_off() {
  powered_ = false;
  write_back_.kill_all();
  ahead_.kill_all();
  chunks_.clear();
  for (auto& [key, file] : files_) {
    file.chunks.clear();
    new_version(file);
    file.end = file.flushed = file.durable = file.platter;
  }
  lied_about_.clear();
  dirty_files_.clear();
  in_drive_.clear();
  cached_ = active_bytes_ = dirty_ = Bytes(0);
}

void PageCache::power_on() {
  if (powered_) return;
  powered_ = true;
  powered_since_ = world_.now();
  write_back_.spawn(write_back());
}

}  // namespace brokerlab::sim
