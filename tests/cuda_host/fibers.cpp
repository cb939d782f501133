#include "tests/cuda_host/fibers.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

// switch_stack(save, to): pushes what a call must keep, stores the stack pointer in *save and goes
// on from `to`.
extern "C" void cuda_host_switch_stack(void** save, void* to);
asm(R"(
.text
.globl cuda_host_switch_stack
.type cuda_host_switch_stack, @function
cuda_host_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_host_switch_stack, .-cuda_host_switch_stack
.globl cuda_host_enter
.type cuda_host_enter, @function
cuda_host_enter:
  movq %r12, %rdi
  callq *%r13
  ud2
.size cuda_host_enter, .-cuda_host_enter
)");
extern "C" void cuda_host_enter();

namespace cuda_host {
namespace {

constexpr std::size_t stack_bytes = std::size_t{128} << 10;

// AddressSanitizer has to know which stack is in use.
struct StackInUse {
  void* fake = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
};

#if defined(__SANITIZE_ADDRESS__)
void begin_switch(void** fake, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(fake, bottom, size);
}
void end_switch(void* fake, const void** bottom, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake, bottom, size);
}
#else
void begin_switch(void**, const void*, std::size_t) {}
void end_switch(void*, const void**, std::size_t*) {}
#endif

}  // namespace

struct Fibers::Fiber {
  Fibers* owner = nullptr;
  int number = 0;
  bool done = true;
  char* memory = nullptr;
  void* stack = nullptr;
  StackInUse own, caller;

  Fiber() {
    memory = static_cast<char*>(mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory == MAP_FAILED) std::abort();
  }
  ~Fiber() { munmap(memory, stack_bytes); }

  // A stack that cuda_host_switch_stack() can go on from: it returns into cuda_host_enter.
  void prepare(Fibers& fibers, int index) {
    owner = &fibers;
    number = index;
    done = false;
    own = {};
    auto* top = reinterpret_cast<void**>(memory + stack_bytes - 64);
    *--top = reinterpret_cast<void*>(&cuda_host_enter);
    *--top = nullptr;                                  // rbp
    *--top = nullptr;                                  // rbx
    *--top = this;                                     // r12
    *--top = reinterpret_cast<void*>(&Fibers::enter);  // r13
    *--top = nullptr;                                  // r14
    *--top = nullptr;                                  // r15
    stack = top;
  }
};

Fibers::Fibers() = default;
Fibers::~Fibers() = default;

void Fibers::start(int count, const std::function<void(int)>& body) {
  body_ = &body;
  while (static_cast<int>(fibers_.size()) < count) fibers_.push_back(std::make_unique<Fiber>());
  for (int i = 0; i < count; ++i) fibers_[static_cast<std::size_t>(i)]->prepare(*this, i);
}

void Fibers::enter(Fiber* fiber) {
  end_switch(fiber->own.fake, &fiber->caller.bottom, &fiber->caller.size);
  (*fiber->owner->body_)(fiber->number);
  fiber->done = true;
  fiber->owner->leave(*fiber, true);
}

bool Fibers::resume(int number) {
  Fiber& fiber = *fibers_[static_cast<std::size_t>(number)];
  running_ = &fiber;
  void* fake = nullptr;
  begin_switch(&fake, fiber.memory, stack_bytes);
  cuda_host_switch_stack(&caller_stack_, fiber.stack);
  end_switch(fake, nullptr, nullptr);
  running_ = nullptr;
  return fiber.done;
}

void Fibers::leave(Fiber& fiber, bool for_good) {
  begin_switch(for_good ? nullptr : &fiber.own.fake, fiber.caller.bottom, fiber.caller.size);
  cuda_host_switch_stack(&fiber.stack, caller_stack_);
  end_switch(fiber.own.fake, &fiber.caller.bottom, &fiber.caller.size);
}

void Fibers::pause() { leave(*running_, false); }

}  // namespace cuda_host
