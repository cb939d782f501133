// Device memory: an address range of its own that no host code may touch. Every allocation ends at
// a page that nobody may touch, is full of ones (a NaN in any place that nobody wrote), and its
// addresses are never used again.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "tests/cuda_host/device.h"

namespace cuda_host {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t range_bytes = std::size_t{1} << 40;

struct DeviceMemory {
  std::byte* begin;
  std::byte* next;
  std::map<std::byte*, std::size_t> pages;  // of live allocations, by first page
  std::map<const void*, std::byte*> first_page;
  std::map<const void*, std::size_t> pinned;  // bytes by address
  int users = 0;

  DeviceMemory() {
    begin = next = static_cast<std::byte*>(
        mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (begin == MAP_FAILED) die("no address range for device memory");
  }
  void protect(int protection) {
    for (const auto& [first, bytes] : pages) mprotect(first, bytes, protection);
  }
};

void explain_fault(int, siginfo_t* info, void*) {
  if (is_device_memory(info->si_addr)) {
    static constexpr char text[] =
        "cuda_host: host code touched device memory, or a kernel touched what lies beside its "
        "tensors\n";
    [[maybe_unused]] const auto written = write(2, text, sizeof text - 1);
  }
  signal(SIGSEGV, SIG_DFL);
}

DeviceMemory& memory() {
  static DeviceMemory all;
  static const bool explained = [] {
    struct sigaction action {};
    action.sa_sigaction = explain_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    return true;
  }();
  (void)explained;
  return all;
}

}  // namespace

void die(const char* what) {
  std::fprintf(stderr, "cuda_host: %s\n", what);
  std::abort();
}

OnDevice::OnDevice() {
  if (memory().users++ == 0) memory().protect(PROT_READ | PROT_WRITE);
}
OnDevice::~OnDevice() {
  if (--memory().users == 0) memory().protect(PROT_NONE);
}

bool is_device_memory(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  return at >= memory().begin && at < memory().begin + range_bytes;
}

bool is_pinned(const void* address) {
  auto found = memory().pinned.upper_bound(address);
  if (found == memory().pinned.begin()) return false;
  --found;
  return static_cast<const std::byte*>(address) <
         static_cast<const std::byte*>(found->first) + found->second;
}

void check_argument(const void* pointer) {
  if (pointer != nullptr && !is_device_memory(pointer))
    die("a kernel is given an address of the host");
}

}  // namespace cuda_host

using namespace cuda_host;

cudaError_t cudaMalloc(void** result, std::size_t bytes) {
  DeviceMemory& all = memory();
  const std::size_t room = (bytes + 15) / 16 * 16, pages = (room + page - 1) / page * page;
  std::byte* first = all.next;
  all.next += pages + page;
  *result = first + (pages - room);
  mprotect(first, pages, PROT_READ | PROT_WRITE);
  std::memset(first, 0xFF, pages);
  if (all.users == 0) mprotect(first, pages, PROT_NONE);
  if (pages > 0) all.pages[first] = pages;
  all.first_page[*result] = first;
  return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
  if (address == nullptr) return cudaSuccess;
  cudaDeviceSynchronize();
  DeviceMemory& all = memory();
  const auto found = all.first_page.find(address);
  if (found == all.first_page.end()) die("cudaFree of what cudaMalloc did not give");
  const auto pages = all.pages.find(found->second);
  if (pages != all.pages.end()) {
    madvise(pages->first, pages->second, MADV_DONTNEED);
    mprotect(pages->first, pages->second, PROT_NONE);
    all.pages.erase(pages);
  }
  all.first_page.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** result, std::size_t bytes) {
  *result = std::aligned_alloc(4096, (bytes + 4096) / 4096 * 4096);
  std::memset(*result, 0xFF, bytes);
  memory().pinned[*result] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* address) {
  memory().pinned.erase(address);
  std::free(address);
  return cudaSuccess;
}
