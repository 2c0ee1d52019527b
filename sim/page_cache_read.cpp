// Reading through the page cache, and ahead.
#include "sim/page_bits.h"
#include "sim/page_cache.h"

namespace brokerlab::sim {
namespace {

/// Linux's get_init_ra_size and get_next_ra_size.
std::int64_t first_window(std::int64_t asked, std::int64_t most) {
  const auto rounded = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(asked)));
  if (rounded <= most / 32) return rounded * 4;
  return rounded <= most / 4 ? rounded * 2 : most;
}

std::int64_t next_window(std::int64_t last, std::int64_t most) {
  if (last < most / 16) return last * 4;
  return last <= most / 2 ? last * 2 : most;
}

/// The first page from `page` on, at most `last`, whose bit in `pages_of(chunk)` is not set.
template <class PagesOf>
std::int64_t end_of_run(std::int64_t page, std::int64_t last, PagesOf pages_of) {
  while (page < last) {
    const std::int64_t bit = page % chunk_pages;
    const int run = std::countr_one(pages_of(page / chunk_pages) >> bit);
    page += run;
    if (bit + run < chunk_pages) break;
  }
  return std::min(page, last);
}

}  // namespace

/// Up to which page from `page` on all are in memory.
std::int64_t PageCache::end_of_warm(const File& file, std::int64_t page, std::int64_t last) const {
  return end_of_run(page, last, [&](std::int64_t chunk) { return pages_in_memory(file, chunk); });
}

/// Up to which page from `page` on none is in memory or on its way there.
std::int64_t PageCache::end_of_cold(const File& file, std::int64_t page, std::int64_t last) const {
  return end_of_run(page, last, [&](std::int64_t chunk) {
    return ~(pages_in_memory(file, chunk) | pages_on_their_way(file, chunk));
  });
}

/// Says "these pages are being read" for as long as its coroutine lives.
class PageCache::Loading {
 public:
  Loading(PageCache& cache, FileKey key, std::uint64_t version, std::int64_t first,
          std::int64_t last)
      : cache_(cache), key_(key), version_(version), first_(first), last_(last) {
    each_chunk([](Pages& loading, Pages these) { loading |= these; });
  }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;
  ~Loading() {
    each_chunk([](Pages& loading, Pages these) { loading &= ~these; });
    cache_.loaded_.notify_all();
  }

 private:
  template <class Change>
  void each_chunk(Change change) {
    File* file = cache_.find(key_, version_);
    if (file == nullptr) return;
    for (std::int64_t chunk = first_ / chunk_pages; chunk * chunk_pages < last_; ++chunk) {
      Pages& loading = file->loading[chunk];
      change(loading, mask_in_chunk(chunk, first_, last_));
      if (loading == 0) file->loading.erase(chunk);
    }
  }

  PageCache& cache_;
  const FileKey key_;
  const std::uint64_t version_;
  const std::int64_t first_;
  const std::int64_t last_;
};

Task<Status<DiskError>> PageCache::read(FileKey key, std::int64_t offset, Bytes size) {
  const std::int64_t wanted = offset + size.count();
  File* file = &open(key, wanted);
  // The caller knows better how long a file is that was there before us.
  if (wanted > file->end && file->flushed == file->end && file->platter == file->end) {
    file->end = file->flushed = file->durable = file->platter = wanted;
  }
  const std::uint64_t version = file->version;
  bool missed = false;
  std::int64_t page = page_of(offset);
  while (file != nullptr && page < pages_up_to(std::min(wanted, file->end))) {
    const std::int64_t last = pages_up_to(std::min(wanted, file->end));
    const std::int64_t warm = end_of_warm(*file, page, last);
    if (warm > page) {
      use_again(*file, page, warm);
      read_next_window(key, *file, page, warm);
      page = warm;
    } else if (end_of_cold(*file, page, last) == page) {  // on its way
      missed = true;
      co_await loaded_.wait();
    } else {
      missed = true;
      const std::int64_t end = window_for(*file, page, last);
      std::int64_t loaded_to = page;
      const Status<DiskError> loaded = co_await load(key, version, page, end, loaded_to);
      if (!loaded) {
        ++misses_;
        co_return loaded;
      }
      // Counts as read even when it does not fit and is gone again.
      page = loaded_to;
    }
    file = find(key, version);
  }
  if (file != nullptr) file->ahead.previous_end = page_of(wanted);
  ++(missed ? misses_ : hits_);
  co_return Status<DiskError>();
}

// --- Read-ahead, as mm/readahead.c ---

/// A read of pages [page, wanted) found `page` cold: up to which page to read now.
std::int64_t PageCache::window_for(File& file, std::int64_t page, std::int64_t wanted) const {
  const std::int64_t most = config_.read_ahead.count() / page_bytes;
  const std::int64_t asked = wanted - page;
  ReadAhead& ahead = file.ahead;
  const std::int64_t ahead_end = ahead.start + ahead.size;
  const bool goes_on = page == ahead.previous_end || page == ahead.previous_end + 1;
  if (ahead.size > 0 && page == ahead_end) {
    ahead.start = page;
    ahead.size = next_window(ahead.size, most);
    ahead.async_size = ahead.size;
  } else if (page == 0 || goes_on) {
    ahead.start = page;
    ahead.size = first_window(asked, most);
    ahead.async_size = ahead.size > asked ? ahead.size - asked : ahead.size;
  } else {
    return wanted;
  }
  return std::max(wanted, ahead.start + ahead.size);
}

/// Pages [first, last) were read from memory: with the one that marks the window's rest the next
/// window is begun.
void PageCache::read_next_window(FileKey key, File& file, std::int64_t first, std::int64_t last) {
  ReadAhead& ahead = file.ahead;
  const std::int64_t mark = ahead.start + ahead.size - ahead.async_size;
  if (ahead.size == 0 || mark < first || mark >= last) return;
  ahead.start += ahead.size;
  ahead.size = next_window(ahead.size, config_.read_ahead.count() / page_bytes);
  ahead.async_size = ahead.size;
  const std::int64_t end = std::min(ahead.start + ahead.size, pages_up_to(file.flushed));
  if (end_of_cold(file, ahead.start, end) <= ahead.start) return;
  read_ahead_ += Bytes(end - ahead.start) * page_bytes;
  ahead_.spawn(load_ahead(key, file.version, ahead.start, end));
}

Task<> PageCache::load_ahead(FileKey key, std::uint64_t version, std::int64_t first,
                             std::int64_t last) {
  // Whoever needs these pages reads them again, and sees the error.
  std::int64_t loaded_to = first;
  const Status<DiskError> loaded = co_await load(key, version, first, last, loaded_to);
  static_cast<void>(loaded);
}

/// Reads what is cold from page `first` on, in one operation, up to the first page that is in
/// memory or already on its way, at most up to page `last`: `loaded_to`.
Task<Status<DiskError>> PageCache::load(FileKey key, std::uint64_t version, std::int64_t first,
                                        std::int64_t last, std::int64_t& loaded_to) {
  File* file = find(key, version);
  if (file == nullptr) co_return Status<DiskError>();
  const std::int64_t stop = std::max(first + 1, end_of_cold(*file, first, last));
  loaded_to = stop;
  const std::int64_t begin = first * page_bytes;
  const std::int64_t end = std::min(stop * page_bytes, file->flushed);
  const Loading loading(*this, key, version, first, stop);
  const DiskPlace place{key, begin};
  const Status<DiskError> status =
      co_await disk_.read(place, Bytes(std::max<std::int64_t>(end - begin, 0)));
  if (!status) co_return status;
  file = find(key, version);
  if (file != nullptr && end > begin) cache(key, *file, begin, end);
  co_return status;
}

}  // namespace brokerlab::sim
