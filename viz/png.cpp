// PNG in and out, by stb (only here). Read for the tests' comparison.
#include "base/file_replacement.h"
#include "base/translation.h"
#include "viz/offscreen.h"

#include <cstdlib>
#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-align"
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace brokerlab::viz {

Status<std::string> write_png(const Picture& picture, const std::string& path) {
  int size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> png(
      stbi_write_png_to_mem(picture.rgb.data(), picture.width * 3, picture.width, picture.height, 3,
                            &size),
      std::free);
  if (!png) return fail(tr("cannot write {}: out of memory", path));
  return replace_file(path,
                      {reinterpret_cast<const char*>(png.get()), static_cast<std::size_t>(size)});
}

Result<Picture, std::string> read_png(const std::string& path) {
  Picture picture;
  int channels = 0;
  unsigned char* bytes = stbi_load(path.c_str(), &picture.width, &picture.height, &channels, 3);
  if (bytes == nullptr) return fail(tr("cannot read {}", path));
  picture.rgb.assign(bytes,
                     bytes + static_cast<std::ptrdiff_t>(picture.width) * picture.height * 3);
  stbi_image_free(bytes);
  return picture;
}

}  // namespace brokerlab::viz
