// PageChunks: the chunks of a page cache, in two orders of use: those used once, and those used
// again. A large memory has hundreds of thousands of them, so each takes 24 bytes.
//
// Private to PageCache. Threads: none. Errors: a Ref that was removed is a bug.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace brokerlab::sim {

class PageChunks {
 public:
  using Ref = std::uint32_t;
  static constexpr Ref none = std::numeric_limits<Ref>::max();

  struct Chunk {
    std::int64_t file;
    std::uint32_t index : 31;  ///< Its place in the file, in chunks.
    std::uint32_t active : 1;  ///< It was used again.
    std::uint32_t pages;       ///< A bit for each that is in memory.
    Ref newer;
    Ref older;
  };

  Chunk& operator[](Ref ref) { return chunks_[ref]; }
  const Chunk& operator[](Ref ref) const { return chunks_[ref]; }
  std::size_t size() const { return chunks_.size() - free_.size(); }

  /// One without pages, the newest of those used once.
  Ref add(std::int64_t file, std::int64_t index) {
    ENSURE(index >= 0 && index < (std::int64_t{1} << 31), "chunk {} of a file", index);
    Ref ref = none;
    if (free_.empty()) {
      ref = static_cast<Ref>(chunks_.size());
      chunks_.emplace_back();
    } else {
      ref = free_.back();
      free_.pop_back();
    }
    chunks_[ref] = {file, static_cast<std::uint32_t>(index) & 0x7FFFFFFF, 0, 0, none, none};
    link(ref);
    return ref;
  }
  /// The newest of those used once or of those used again.
  void use(Ref ref, bool active) {
    if (lists_[active].newest == ref) return;
    unlink(ref);
    chunks_[ref].active = active ? 1 : 0;
    link(ref);
  }
  void remove(Ref ref) {
    unlink(ref);
    free_.push_back(ref);
  }
  /// `none` where there is none.
  Ref oldest(bool active) const { return lists_[active].oldest; }
  void clear() { *this = PageChunks(); }

 private:
  struct List {
    Ref newest = none;
    Ref oldest = none;
  };

  void link(Ref ref) {
    List& list = lists_[chunks_[ref].active];
    chunks_[ref].newer = none;
    chunks_[ref].older = list.newest;
    (list.newest == none ? list.oldest : chunks_[list.newest].newer) = ref;
    list.newest = ref;
  }
  void unlink(Ref ref) {
    const Chunk& chunk = chunks_[ref];
    List& list = lists_[chunk.active];
    (chunk.newer == none ? list.newest : chunks_[chunk.newer].older) = chunk.older;
    (chunk.older == none ? list.oldest : chunks_[chunk.older].newer) = chunk.newer;
  }

  std::deque<Chunk> chunks_;
  std::vector<Ref> free_;
  List lists_[2];  ///< Used once, used again.
};
static_assert(sizeof(PageChunks::Chunk) == 24);

}  // namespace brokerlab::sim
