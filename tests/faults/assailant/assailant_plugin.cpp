#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "settings.hpp"

namespace assailant {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;

void dereferenceNull() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}
int overflowStack(int depth) {
  static volatile bool deeper = true;
  if (!deeper) return depth;
  volatile char page[4096] = {};
  page[0] = static_cast<char>(depth);
  return overflowStack(depth + 1) + page[0];
}
void spin() {
  for (std::atomic<unsigned> turns{0};; ++turns) {
  }
}
void lockTwice() {
  static std::mutex mutex;
  mutex.lock();
  mutex.lock();
}
using Mebibyte = std::array<char, 1 << 20U>;
/// The last that was leaked; a compiler may leave out what nobody could look at.
Mebibyte* volatile leaked_last = nullptr;

void leakMebibyte() {
  // allowed: the leak is the deed
  auto* leaked = new Mebibyte;
  leaked->fill('x');
  leaked_last = leaked;
}
void leakMemory() {
  for (;;) {
    leakMebibyte();
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}
/// 40 MiB that stay.
void grow() {
  for (int block = 0; block < 40; ++block) leakMebibyte();
}
/// The same in memory that could be shared, where no heap shows it.
void growShared() {
  constexpr std::size_t kBytes = std::size_t{40} << 20U;
  void* const kept =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (kept == MAP_FAILED) throw std::runtime_error{"no memory to be had"};
  std::memset(kept, 'x', kBytes);
}
/// Two threads that never pause, while the plugin answers.
void burn() {
  for (int thread = 0; thread < 2; ++thread) std::thread{&spin}.detach();
}
void leakDescriptors() {
  while (open("/dev/null", O_RDONLY) >= 0) {
  }
  throw std::runtime_error{"no descriptor is left"};
}
/// Some two thousand a second: as many as there can be would take them from the whole machine.
void stormThreads() {
  for (;;) {
    std::thread{[] { pause(); }}.detach();
    std::this_thread::sleep_for(std::chrono::microseconds{500});
  }
}
void writeToLink(std::string_view bytes) {
  if (write(3, bytes.data(), bytes.size()) < 0) throw std::runtime_error{"no link"};
}
/// An answer of status 200 to a call that nobody made.
void answerNobody() {
  std::string frame(16 + 4 * 8, '\0');
  frame[0] = 32;
  frame[4] = 16;
  frame[8] = 7;
  frame[16] = static_cast<char>(200);
  writeToLink(frame);
}

struct Deed {
  std::string_view name;
  void (*act)();
};

/// An answer of its own to the first call that it ever had, beside the one that comes.
void answerTwice() {
  std::string frame(16 + 4 * 8, '\0');
  frame[0] = 32;
  frame[4] = 16;
  frame[10] = 1 << 4U;  // the first number, in the first slot
  frame[16] = static_cast<char>(200);
  writeToLink(frame);
}
/// Its destructor throws, where nobody may.
struct Thrower {
  Thrower() = default;
  Thrower(const Thrower&) = delete;
  Thrower& operator=(const Thrower&) = delete;
  ~Thrower() { explode(); }
  static void explode() { throw std::runtime_error{"a destructor"}; }
};

constexpr Deed kDeeds[] = {
    {"none", [] {}},
    {"segfault", &dereferenceNull},
    {"kill", [] { kill(getpid(), SIGKILL); }},
    {"abort", [] { std::abort(); }},
    {"exit", [] { std::_Exit(7); }},
    {"overflow", [] { overflowStack(0); }},
    {"spin", &spin},
    {"deadlock", &lockTwice},
    {"leak-memory", &leakMemory},
    {"grow", &grow},
    {"grow-shared", &growShared},
    {"burn", &burn},
    {"leak-descriptors", &leakDescriptors},
    {"storm-threads", &stormThreads},
    {"stop-process", [] { kill(getpid(), SIGSTOP); }},
    {"corrupt-link", [] { writeToLink("no frame at all, but many bytes of it"); }},
    {"answer-nobody", &answerNobody},
    {"throw", [] { throw std::runtime_error{"as it was asked to"}; }},
    {"doze", [] { std::this_thread::sleep_for(std::chrono::milliseconds{1500}); }},
    {"answer-twice", &answerTwice},
    {"throw-in-destructor", [] { const Thrower thrower; }},
    {"move-file",
     [] {
       namespace fs = std::filesystem;
       const fs::path folder = fs::temp_directory_path() / ("bulkhead-" + std::to_string(getpid()));
       fs::create_directories(folder / "to");
       std::ofstream{folder / "file"} << "x";
       fs::rename(folder / "file", folder / "to" / "file");
       fs::remove_all(folder);
     }},
    {"wait", [] { std::this_thread::sleep_for(std::chrono::milliseconds{300}); }},
};

bool opens(const std::string& path, int how) {
  const int file = open(path.c_str(), how | O_CLOEXEC);
  if (file >= 0) close(file);
  return file >= 0;
}

/// What the sandbox refuses; true when the call was let through.
struct Attempt {
  std::string_view name;
  bool (*succeeds)();
};

constexpr Attempt kAttempts[] = {
    {"fork",
     [] {
       const pid_t child = fork();
       if (child == 0) _exit(0);
       return child > 0;
     }},
    {"exec", [] { return execl("/bulkhead-no-such-file", "x", nullptr) == 0 || errno != EPERM; }},
    {"ptrace",
     [] { return ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0 || errno != EPERM; }},
    {"host-memory", [] { return opens("/proc/" + std::to_string(getppid()) + "/mem", O_RDWR); }},
    {"host-memory-by-thread",
     [] {
       const std::string host = std::to_string(getppid());
       return opens("/proc/" + host + "/task/" + host + "/mem", O_RDONLY);
     }},
    {"host-memory-from-a-thread",
     [] {
       bool opened = false;
       std::thread{[&] {
         opened = opens("/proc/" + std::to_string(getppid()) + "/mem", O_RDWR);
       }}.join();
       return opened;
     }},
    {"host-descriptor",
     [] { return opens("/proc/" + std::to_string(getppid()) + "/fd/2", O_WRONLY); }},
    {"host-environment",
     [] { return opens("/proc/" + std::to_string(getppid()) + "/environ", O_RDONLY); }},
    {"host-map", [] { return opens("/proc/" + std::to_string(getppid()) + "/maps", O_RDONLY); }},
    {"file-in-memory",
     [] {
       const int file = memfd_create("x", MFD_CLOEXEC);
       if (file >= 0) close(file);
       return file >= 0;
     }},
    {"segment-of-memory",
     [] {
       const int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
       if (segment >= 0) shmctl(segment, IPC_RMID, nullptr);
       return segment >= 0;
     }},
    {"queue-of-messages",
     [] {
       const int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
       if (queue >= 0) msgctl(queue, IPC_RMID, nullptr);
       return queue >= 0;
     }},
    {"large-pipe",
     [] {
       int both[2];
       if (pipe(both) != 0) return false;
       const bool grown = fcntl(both[0], F_SETPIPE_SZ, 1 << 20U) > 0;
       close(both[0]);
       close(both[1]);
       return grown;
     }},
    {"host-folder", [] { return opens("/proc/" + std::to_string(getppid()) + "/cwd", O_PATH); }},
    {"make-device",
     [] {
       const std::string name = "/tmp/bulkhead-device-" + std::to_string(getpid());
       const bool made = mknod(name.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;
       unlink(name.c_str());
       return made;
     }},
    {"kill-host", [] { return kill(getppid(), 0) == 0; }},
    {"mount",
     [] {
       return mount("none", "/bulkhead-no-such-folder", "tmpfs", 0, nullptr) == 0 || errno != EPERM;
     }},
    {"namespace", [] { return unshare(CLONE_NEWUSER) == 0; }},
    {"bpf", [] { return syscall(SYS_bpf, 0, nullptr, 0) == 0 || errno != EPERM; }},
    {"keyctl", [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0) == 0 || errno != EPERM; }},
    {"limit-host",
     [] {
       rlimit limit{};
       return syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, nullptr, &limit) == 0;
     }},
    {"own-signals",
     [] {
       int both[2];
       if (pipe(both) != 0) return false;
       const bool owned = fcntl(both[0], F_SETOWN, getppid()) == 0;
       close(both[0]);
       close(both[1]);
       return owned;
     }},
    {"unix-socket",
     [] {
       const int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
       if (opened >= 0) close(opened);
       return opened >= 0;
     }},
    {"io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr) == 0 || errno != EPERM; }},
};

void act(std::string_view name) {
  for (const auto& deed : kDeeds) {
    if (deed.name == name) return deed.act();
  }
  throw bulkhead::Error::notFound("NOT_FOUND", "There is no such deed.");
}

Response done(std::string_view name) {
  return Response::json([&](JsonWriter& out) {
    out.object("done", name, "process", static_cast<std::int64_t>(getpid()));
  });
}

class Assailant final : public bulkhead::Plugin {
 public:
  explicit Assailant(bulkhead::Registrar& host) {
    if (host.settings<Settings>().large) grow();
    const char* const any = R"({"type":"object"})";
    host.route({.method = "GET",
                .path = "/deeds/{deed}",
                .scope = "assailant:read",
                .summary = "Does it.",
                .response = any,
                .deadline = std::chrono::milliseconds{4000}},
               [](const Request& request) {
                 act(request.param("deed"));
                 return done(request.param("deed"));
               });
    host.route({.method = "POST",
                .path = "/deeds/{deed}",
                .scope = "assailant:write",
                .summary = "Does it, and nobody may do it again.",
                .request = any,
                .response = any,
                .deadline = std::chrono::milliseconds{4000}},
               [](const Request& request) {
                 act(request.param("deed"));
                 return done(request.param("deed"));
               });
    host.route(
        {.method = "POST",
         .path = "/kept/{deed}",
         .scope = "assailant:write",
         .summary = "Writes it down, and does it the first time.",
         .request = any,
         .response = any,
         .success = 201,
         .idempotency = bulkhead::Idempotency::Required,
         .deadline = std::chrono::milliseconds{8000}},
        [](const Request& request, bulkhead::Transaction& write) { return keep(request, write); });
    host.route({.method = "GET",
                .path = "/kept",
                .scope = "assailant:read",
                .summary = "How often something was written down.",
                .response = any},
               [](const Request&, bulkhead::ReadTransaction& read) {
                 const auto rows =
                     read.first("SELECT count(*) FROM deed", bulkhead::values(),
                                [](const bulkhead::Row& row) { return row.integer(0); });
                 return Response::json([&](JsonWriter& out) { out.object("rows", *rows); });
               });
    host.route({.method = "GET",
                .path = "/attempts",
                .scope = "assailant:read",
                .summary = "What this process may do.",
                .response = any},
               [](const Request&) { return attempts(); });
  }

 private:
  /// The deed is done once for each request: a mark outside the store says that it was.
  static Response keep(const Request& request, bulkhead::Transaction& write) {
    write.send("INSERT INTO deed (name, key) VALUES ($1, $2)",
               bulkhead::values(request.param("deed"), request.requestId()));
    const std::string mark = "/tmp/bulkhead-assailant-" + std::string{request.requestId()};
    const int file = open(mark.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) {
      close(file);
      act(request.param("deed"));
    }
    unlink(mark.c_str());
    return Response::json(201, [&](JsonWriter& out) { out.object("kept", request.param("deed")); });
  }

  static Response attempts() {
    return Response::json([](JsonWriter& out) {
      out.beginObject();
      for (const auto& attempt : kAttempts) out.member(attempt.name, attempt.succeeds());
      out.endObject();
    });
  }
};

}  // namespace
}  // namespace assailant

BULKHEAD_PLUGIN(assailant::Assailant)
