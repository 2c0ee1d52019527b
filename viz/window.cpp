#include "viz/window.h"

#include "base/translation.h"
#include "viz/offscreen.h"

#include <GLFW/glfw3.h>
#include <fmt/format.h>
#include <imgui/backends/imgui_impl_glfw.h>
#include <imgui/backends/imgui_impl_opengl3.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <imgui.h>
#include <utility>

namespace brokerlab::viz {
namespace {

std::string last_glfw_error;

bool has_display() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  return set("DISPLAY") || set("WAYLAND_DISPLAY");
}

// GLFW and ImGui, from start to end.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (backend_) ImGui_ImplOpenGL3_Shutdown();
    if (imgui_) {
      ImGui_ImplGlfw_Shutdown();
      ImGui::DestroyContext();
    }
    if (window_ != nullptr) glfwDestroyWindow(window_);
    if (glfw_) glfwTerminate();
  }

  Status<WindowError> open(const std::string& title, int width, int height) {
    glfwSetErrorCallback([](int, const char* text) { last_glfw_error = text; });
    glfw_ = glfwInit() == GLFW_TRUE;
    if (!glfw_) return fail(WindowError{true, last_glfw_error});
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    window_ = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr);
    if (window_ == nullptr) {
      return fail(WindowError{
          false, tr("the window cannot be opened: {}; --screenshot needs none", last_glfw_error)});
    }
    glfwSetWindowSizeLimits(window_, 960, 540, GLFW_DONT_CARE, GLFW_DONT_CARE);
    glfwMakeContextCurrent(window_);
    glfwSwapInterval(1);
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    imgui_ = ImGui_ImplGlfw_InitForOpenGL(window_, true);
    if (!imgui_) return fail(WindowError{false, tr("the window's input cannot be read")});
    return {};
  }

  // The type follows the window's size in steps; while it is dragged the old type is scaled.
  Status<WindowError> use_fonts(Viewer& viewer, float scale) {
    const float wanted = std::max(0.5F, std::round(scale * 20) / 20);
    const std::string& glyphs = viewer.glyphs();
    if (backend_ && wanted == font_scale_ && glyphs == glyphs_) return {};
    auto loaded = load_fonts(wanted, glyphs);
    if (!loaded) return fail(WindowError{false, loaded.error()});
    fonts_ = *loaded;
    font_scale_ = wanted;
    glyphs_ = glyphs;
    if (backend_) {
      ImGui_ImplOpenGL3_DestroyFontsTexture();
      ImGui_ImplOpenGL3_CreateFontsTexture();
    } else {
      backend_ = ImGui_ImplOpenGL3_Init("#version 330");
      if (!backend_) return fail(WindowError{false, tr("OpenGL 3.3 is not available")});
    }
    return {};
  }

  void draw(Viewer& viewer) {
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    // ImGui's own callback for keys is not called: ours stands in its place.
    ImGui::GetIO().KeyShift = glfwGetKey(window_, GLFW_KEY_LEFT_SHIFT) == GLFW_PRESS ||
                              glfwGetKey(window_, GLFW_KEY_RIGHT_SHIFT) == GLFW_PRESS;
    ImGui::NewFrame();
    // The fonts' scale, not the window's: text keeps its proportion to the boxes around it.
    viewer.draw_frame(fonts_, font_scale_);
    ImGui::Render();
    int width = 0;
    int height = 0;
    glfwGetFramebufferSize(window_, &width, &height);
    glViewport(0, 0, width, height);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    if (std::exchange(viewer.view().wants_picture, false)) save_picture(viewer, width, height);
    glfwSwapBuffers(window_);
  }

  static void save_picture(Viewer& viewer, int width, int height) {
    const auto row = static_cast<std::size_t>(width) * 3;
    Picture picture{width, height,
                    std::vector<std::uint8_t>(row * static_cast<std::size_t>(height))};
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    std::vector<std::uint8_t> upside_down(picture.rgb.size());
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, upside_down.data());
    for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
      std::copy_n(upside_down.end() - static_cast<std::ptrdiff_t>(row * (y + 1)), row,
                  picture.rgb.begin() + static_cast<std::ptrdiff_t>(row * y));
    }
    const std::string path = viewer.free_name(".png");
    const auto written = write_png(picture, path);
    const std::string done(say(Text::picture_done, viewer.view().language));
    viewer.view().notice = written.ok() ? fmt::format(fmt::runtime(done), path) : written.error();
  }

  GLFWwindow* window() const { return window_; }

 private:
  bool glfw_ = false;
  bool imgui_ = false;
  bool backend_ = false;
  GLFWwindow* window_ = nullptr;
  Fonts fonts_;
  float font_scale_ = 0;
  std::string glyphs_;
};

/// The whole screen, or the window as it was.
void change_screen(GLFWwindow* window) {
  static int x = 0;
  static int y = 0;
  static int width = 1600;
  static int height = 900;
  if (glfwGetWindowMonitor(window) != nullptr) {
    glfwSetWindowMonitor(window, nullptr, x, y, width, height, GLFW_DONT_CARE);
    return;
  }
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  const GLFWvidmode* mode = monitor == nullptr ? nullptr : glfwGetVideoMode(monitor);
  if (mode == nullptr) return;
  glfwGetWindowPos(window, &x, &y);
  glfwGetWindowSize(window, &width, &height);
  glfwSetWindowMonitor(window, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
}

/// While a note is written, letters are letters.
void on_key_of_note(Viewer& viewer, int key) {
  switch (key) {
    case GLFW_KEY_ENTER:
    case GLFW_KEY_KP_ENTER:
      return viewer.press(Key::enter, false);
    case GLFW_KEY_BACKSPACE:
      return viewer.press(Key::backspace, false);
    case GLFW_KEY_DELETE:
      return viewer.press(Key::remove, false);
    case GLFW_KEY_ESCAPE:
      return viewer.press(Key::escape, false);
    default:
      return;
  }
}

/// The key that opens a note brings its own letter behind it, which is none of the note's.
bool opening_letter = false;

void on_character(GLFWwindow* window, unsigned code) {
  auto& viewer = *static_cast<Viewer*>(glfwGetWindowUserPointer(window));
  const bool opened = std::exchange(opening_letter, false);
  if (opened && (code == 'b' || code == 'B' || code == 0x3160)) return;
  std::string text;
  if (code < 0x80) {
    text = {static_cast<char>(code)};
  } else if (code < 0x800) {
    text = {static_cast<char>(0xC0U | code >> 6U), static_cast<char>(0x80U | (code & 0x3FU))};
  } else if (code < 0x10000) {
    text = {static_cast<char>(0xE0U | code >> 12U), static_cast<char>(0x80U | (code >> 6U & 0x3FU)),
            static_cast<char>(0x80U | (code & 0x3FU))};
  }
  viewer.type(text);
}

void on_key(GLFWwindow* window, int key, int, int action, int modifiers) {
  if (action == GLFW_RELEASE) return;
  auto& viewer = *static_cast<Viewer*>(glfwGetWindowUserPointer(window));
  const bool shift = (modifiers & GLFW_MOD_SHIFT) != 0;
  if (viewer.view().writing) return on_key_of_note(viewer, key);
  const bool control = (modifiers & GLFW_MOD_CONTROL) != 0;
  switch (key) {
    case GLFW_KEY_SPACE:
      return viewer.press(Key::space, shift);
    case GLFW_KEY_LEFT:
      return viewer.press(Key::left, shift);
    case GLFW_KEY_RIGHT:
      return viewer.press(Key::right, shift);
    case GLFW_KEY_HOME:
      return viewer.press(Key::home, shift);
    case GLFW_KEY_END:
      return viewer.press(Key::end, shift);
    case GLFW_KEY_L:
      return viewer.press(Key::language, shift);
    case GLFW_KEY_UP:
      return viewer.press(Key::faster, shift);
    case GLFW_KEY_DOWN:
      return viewer.press(Key::slower, shift);
    case GLFW_KEY_EQUAL:
    case GLFW_KEY_KP_ADD:
      return viewer.press(control ? Key::larger : Key::faster, shift);
    case GLFW_KEY_MINUS:
    case GLFW_KEY_KP_SUBTRACT:
      return viewer.press(control ? Key::smaller : Key::slower, shift);
    case GLFW_KEY_N:
      return viewer.press(Key::next, shift);
    case GLFW_KEY_P:
      return viewer.press(Key::previous, shift);
    case GLFW_KEY_F:
      return viewer.press(Key::first_fault, shift);
    case GLFW_KEY_S:
      return viewer.press(Key::slow_motion, shift);
    case GLFW_KEY_T:
      return viewer.press(Key::theme, shift);
    case GLFW_KEY_TAB:
      return viewer.press(Key::tab, shift);
    case GLFW_KEY_Z:
      return viewer.press(shift ? Key::zoom_out : Key::zoom_in, false);
    case GLFW_KEY_0:
    case GLFW_KEY_KP_0:
      return viewer.press(Key::whole, shift);
    case GLFW_KEY_COMMA:
      return viewer.press(Key::pan_left, shift);
    case GLFW_KEY_PERIOD:
      return viewer.press(Key::pan_right, shift);
    case GLFW_KEY_B:
      opening_letter = true;
      return viewer.press(Key::bookmark, shift);
    case GLFW_KEY_K:
      return viewer.press(Key::breakpoint, shift);
    case GLFW_KEY_M:
      return viewer.press(Key::present, shift);
    case GLFW_KEY_PAGE_DOWN:
      return viewer.press(Key::page_down, shift);
    case GLFW_KEY_PAGE_UP:
      return viewer.press(Key::page_up, shift);
    case GLFW_KEY_C:
      return viewer.press(Key::compare, shift);
    case GLFW_KEY_F11:
      return change_screen(window);
    case GLFW_KEY_1:
    case GLFW_KEY_2:
    case GLFW_KEY_3:
    case GLFW_KEY_4:
    case GLFW_KEY_5:
    case GLFW_KEY_6:
    case GLFW_KEY_7:
    case GLFW_KEY_8:
      return viewer.press(static_cast<Key>(static_cast<int>(Key::deed_1) + key - GLFW_KEY_1),
                          shift);
    case GLFW_KEY_W:
      return viewer.press(Key::save, shift);
    case GLFW_KEY_X:
      return viewer.press(Key::kill, shift);
    case GLFW_KEY_V:
      return viewer.press(Key::swap, shift);
    case GLFW_KEY_E:
      return viewer.press(Key::picture, shift);
    case GLFW_KEY_R:
      return viewer.press(Key::follow, shift);
    case GLFW_KEY_O:
      return viewer.press(Key::alone, shift);
    case GLFW_KEY_F1:
    case GLFW_KEY_SLASH:  // Where the question mark is.
      return viewer.press(Key::help, shift);
    case GLFW_KEY_ESCAPE:
      return viewer.press(Key::escape, shift);
    case GLFW_KEY_Q:
      glfwSetWindowShouldClose(window, GLFW_TRUE);
      return;
    default:
      return;
  }
}

/// Another window lay over this one, and does so no more.
bool uncovered = false;

/// What the last frame was drawn from: while it stays the same, no other is drawn.
struct Shown {
  ViewState view;
  double x = -1;
  double y = -1;
  int width = 0;
  int height = 0;
  bool pressed = false;
  int revision = 0;
  int frames_left = 3;

  bool changed(GLFWwindow* window, Viewer& viewer) {
    Shown seen;
    seen.view = viewer.view();
    seen.revision = viewer.revision();
    glfwGetCursorPos(window, &seen.x, &seen.y);
    glfwGetFramebufferSize(window, &seen.width, &seen.height);
    seen.pressed = glfwGetMouseButton(window, GLFW_MOUSE_BUTTON_LEFT) == GLFW_PRESS;
    const bool same = seen.view == view && seen.revision == revision && seen.x == x &&
                      seen.y == y && seen.width == width && seen.height == height &&
                      seen.pressed == pressed && ImGui::GetIO().MouseWheel == 0 &&
                      ImGui::GetIO().MouseWheelH == 0;
    seen.frames_left = frames_left;
    *this = seen;
    return !same;
  }
};

}  // namespace

Status<WindowError> run_window(Viewer& viewer, int width, int height, const Watcher& watcher) {
  if (!has_display()) return fail(WindowError{true, tr("no display")});
  Session session;
  const std::string title = "brokerlab: " + viewer.run().title(viewer.view().language);
  if (auto opened = session.open(title, width, height); !opened) return opened;
  GLFWwindow* window = session.window();
  glfwSetWindowUserPointer(window, &viewer);
  // ImGui's own callback was installed before and is called by nobody else: keys are ours alone,
  // since no panel takes text.
  glfwSetKeyCallback(window, on_key);
  glfwSetCharCallback(window, on_character);
  glfwSetWindowRefreshCallback(window, [](GLFWwindow*) { uncovered = true; });

  // A click between two looks is still seen.
  glfwSetInputMode(window, GLFW_STICKY_MOUSE_BUTTONS, GLFW_TRUE);
  Shown shown;
  double before = glfwGetTime();
  while (glfwWindowShouldClose(window) == GLFW_FALSE) {
    if (viewer.view().playing) {
      glfwPollEvents();
    } else {
      glfwWaitEventsTimeout(0.25);  // Nothing moves: leave the processor alone.
    }
    const double now = glfwGetTime();
    viewer.let_pass(std::min(now - before, 0.25));
    before = now;
    int shown_width = 0;
    int shown_height = 0;
    glfwGetWindowSize(window, &shown_width, &shown_height);
    if (shown_width == 0 || shown_height == 0) {  // Minimised.
      glfwWaitEventsTimeout(0.1);
      continue;
    }
    auto ready = session.use_fonts(
        viewer, scale_for(shown_width, shown_height) * static_cast<float>(type_of(viewer.view())));
    if (!ready) return ready;
    // A tooltip, or a button's colour, follows a frame behind what changed.
    if (shown.changed(window, viewer)) shown.frames_left = 3;
    if (std::exchange(uncovered, false)) shown.frames_left = std::max(shown.frames_left, 1);
    if (shown.frames_left == 0) continue;
    --shown.frames_left;
    session.draw(viewer);
    if (watcher) watcher(viewer);
  }
  return {};
}

}  // namespace brokerlab::viz
