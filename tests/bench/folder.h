// A folder for what a benchmark writes, gone with the object.
//
// Errors: none are looked for; a benchmark that cannot write ends with one of its own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace brokerlab::bench {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "brokerlab_bench_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace brokerlab::bench
