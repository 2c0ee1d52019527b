#include "viz/offscreen.h"

#include "base/translation.h"

#include <fmt/format.h>
#include <imgui/backends/imgui_impl_opengl3.h>

#include <imgui.h>

#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

std::string egl_problem(const char* step) {
  return tr(
      "cannot draw without a display: {} failed (EGL error {:#x}); "
      "are libegl1 and libgl1-mesa-dri installed?",
      step, eglGetError());
}

}  // namespace

struct Offscreen::State {
  int width = 0;
  int height = 0;
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  GLuint framebuffer = 0;
  GLuint color = 0;
  ImGuiContext* imgui = nullptr;
  bool backend = false;
  std::string font_text;
  float font_scale = 0;
  Fonts fonts;
  Frame frame;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (backend) ImGui_ImplOpenGL3_Shutdown();
    if (imgui != nullptr) ImGui::DestroyContext(imgui);
    if (framebuffer != 0) glDeleteFramebuffers(1, &framebuffer);
    if (color != 0) glDeleteTextures(1, &color);
    if (display == EGL_NO_DISPLAY) return;
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    if (context != EGL_NO_CONTEXT) eglDestroyContext(display, context);
    eglTerminate(display);
  }

  Status<std::string> open_egl() {
    const auto get_display = reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(
        eglGetProcAddress("eglGetPlatformDisplayEXT"));
    if (get_display == nullptr) return fail(egl_problem("eglGetPlatformDisplayEXT"));
    display = get_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
    if (eglInitialize(display, nullptr, nullptr) == EGL_FALSE) {
      display = EGL_NO_DISPLAY;
      return fail(egl_problem("eglInitialize"));
    }
    eglBindAPI(EGL_OPENGL_API);
    const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT,
                             EGL_NONE};
    EGLConfig config = nullptr;
    EGLint configs = 0;
    eglChooseConfig(display, wanted, &config, 1, &configs);
    const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION,
                              3,
                              EGL_CONTEXT_MINOR_VERSION,
                              3,
                              EGL_CONTEXT_OPENGL_PROFILE_MASK,
                              EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                              EGL_NONE};
    context = eglCreateContext(display, configs > 0 ? config : nullptr, EGL_NO_CONTEXT, version);
    if (context == EGL_NO_CONTEXT) return fail(egl_problem("eglCreateContext"));
    if (eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_FALSE) {
      return fail(egl_problem("eglMakeCurrent"));
    }
    return {};
  }

  Status<std::string> open_framebuffer() {
    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glGenTextures(1, &color);
    glBindTexture(GL_TEXTURE_2D, color);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, color, 0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
      return fail(tr("a picture of {} x {} pixels is not possible here", width, height));
    }
    return {};
  }

  void open_imgui() {
    imgui = ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
    io.DeltaTime = 1.F / 60;
  }

  float scale_of(Viewer& viewer) const {
    return scale_for(width, height) * static_cast<float>(type_of(viewer.view()));
  }

  // The glyphs depend on the recording; the same recording keeps its fonts.
  Status<std::string> use_fonts_for(Viewer& viewer) {
    const std::string& text = viewer.glyphs();
    const float scale = scale_of(viewer);
    if (backend && text == font_text && scale == font_scale) return {};
    auto loaded = load_fonts(scale, text);
    if (!loaded) return fail(loaded.error());
    fonts = *loaded;
    font_text = text;
    font_scale = scale;
    if (backend) {
      ImGui_ImplOpenGL3_DestroyFontsTexture();
      ImGui_ImplOpenGL3_CreateFontsTexture();
    } else {
      backend = ImGui_ImplOpenGL3_Init("#version 330");
      if (!backend) return fail(tr("OpenGL 3.3 is not available"));
    }
    return {};
  }

  void draw() const {
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glViewport(0, 0, width, height);
    glClearColor(0, 0, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    glFinish();
  }

  // As the framebuffer has it, four bytes a pixel: OpenGL converts one by one.
  Picture read_back() const {
    const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::vector<std::uint8_t> rgba(pixels * 4);
    glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, rgba.data());
    Picture picture{width, height, {}};
    picture.rgb.resize(pixels * 3);
    std::uint8_t* to = picture.rgb.data();
    for (int y = height - 1; y >= 0; --y) {  // OpenGL's first row is the lowest.
      const std::uint8_t* from =
          rgba.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 4;
      for (int x = 0; x < width; ++x, from += 4, to += 3) std::copy_n(from, 3, to);
    }
    return picture;
  }
};

Offscreen::Offscreen(std::unique_ptr<State> state) : state_(std::move(state)) {}
Offscreen::Offscreen(Offscreen&&) noexcept = default;
Offscreen& Offscreen::operator=(Offscreen&&) noexcept = default;
Offscreen::~Offscreen() = default;

Result<Offscreen, std::string> Offscreen::create(int width, int height) {
  auto state = std::make_unique<State>();
  state->width = width;
  state->height = height;
  if (const auto opened = state->open_egl(); !opened) return fail(opened.error());
  if (const auto opened = state->open_framebuffer(); !opened) return fail(opened.error());
  state->open_imgui();
  return Offscreen(std::move(state));
}

Status<std::string> Offscreen::compose(Viewer& viewer, float mouse_x, float mouse_y) {
  State& s = *state_;
  if (const auto ready = s.use_fonts_for(viewer); !ready) return fail(ready.error());
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = mouse_x < 0 ? ImVec2(-1e6F, -1e6F) : ImVec2(mouse_x, mouse_y);
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  s.frame = viewer.draw_frame(s.fonts, s.scale_of(viewer));
  ImGui::Render();
  return {};
}

Status<std::string> Offscreen::click(Viewer& viewer, float x, float y, bool shift) {
  ImGuiIO& io = ImGui::GetIO();
  io.KeyShift = shift;
  Status<std::string> done;
  for (const bool down : {true, false}) {
    io.MouseDown[0] = down;
    if (done) done = compose(viewer, x, y);
  }
  io.KeyShift = false;
  return done;
}

Status<std::string> Offscreen::draw(Viewer& viewer, float mouse_x, float mouse_y) {
  const auto composed = compose(viewer, mouse_x, mouse_y);
  if (composed) state_->draw();
  return composed;
}

Result<Picture, std::string> Offscreen::render(Viewer& viewer, float mouse_x, float mouse_y) {
  const auto drawn = draw(viewer, mouse_x, mouse_y);
  if (!drawn) return fail(drawn.error());
  return state_->read_back();
}

Result<Picture, std::string> Offscreen::paint(Viewer& viewer,
                                              const std::function<void(Ui&)>& draw) {
  State& s = *state_;
  if (const auto ready = s.use_fonts_for(viewer); !ready) return fail(ready.error());
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  Ui ui(s.fonts, s.scale_of(viewer), viewer.view().language, viewer.view().light,
        viewer.view().presenting);
  ui.fill(ui.sheet(), theme::panel);
  draw(ui);
  ImGui::Render();
  s.draw();
  return s.read_back();
}

const std::vector<std::string>& Offscreen::clipped() const { return state_->frame.clipped; }
const std::vector<DrawnText>& Offscreen::texts() const { return state_->frame.texts; }
const Fonts& Offscreen::fonts() const { return state_->fonts; }

}  // namespace brokerlab::viz
