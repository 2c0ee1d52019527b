// PNG in and out, by stb (only here). Read for the tests' comparison.
#include "viz/offscreen.h"

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
  if (stbi_write_png(path.c_str(), picture.width, picture.height, 3, picture.rgb.data(),
                     picture.width * 3) == 0) {
    return fail("cannot write " + path);
  }
  return {};
}

Result<Picture, std::string> read_png(const std::string& path) {
  Picture picture;
  int channels = 0;
  unsigned char* bytes = stbi_load(path.c_str(), &picture.width, &picture.height, &channels, 3);
  if (bytes == nullptr) return fail("cannot read " + path);
  picture.rgb.assign(bytes,
                     bytes + static_cast<std::ptrdiff_t>(picture.width) * picture.height * 3);
  stbi_image_free(bytes);
  return picture;
}

}  // namespace brokerlab::viz
