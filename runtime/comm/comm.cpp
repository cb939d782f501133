#include "runtime/comm/comm.h"

#include <cstdlib>
#include <cstring>
#include <numeric>

namespace switchyard {
namespace {

Stream& host_stream() {
  thread_local Stream stream = Stream::cpu(1);
  return stream;
}

class SingleWindow final : public SharedWindow {
 public:
  explicit SingleWindow(std::int64_t bytes) : memory_({bytes}, DType::u8) {}
  std::byte* part(int) const override { return static_cast<std::byte*>(memory_.tensor().data); }
  void fence() override {}

 private:
  Buffer memory_;
};

class ArrivedRows final : public PendingRows {
 public:
  bool arrived() override { return true; }
};

// A single rank: every collective copies or does nothing.
class SingleComm final : public Comm {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void all_reduce(Tensor, Reduce, Stream&) override {}
  void broadcast(Tensor, int, Stream&) override {}
  void all_gather(Tensor in, Tensor out, Stream&) override { copy(in, out); }
  void reduce_scatter_parts(Tensor, std::span<const std::int64_t>, Stream&) override {}
  void all_gather_parts(Tensor, std::span<const std::int64_t>, Stream&) override {}
  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream&) override {
    require(send.size() == 1 && recv.size() == 1 && send[0] == recv[0] && send[0] == in.rows(),
            "one rank sends {} rows to itself and expects {}", in.rows(), out.rows());
    copy(in, out);
  }
  void exchange_rows(Tensor, std::span<const std::int64_t>, Tensor, std::span<const std::int64_t>,
                     Stream&) override {}
  std::unique_ptr<PendingRows> start_exchange_rows(Tensor, std::span<const std::int64_t>, Tensor,
                                                   std::span<const std::int64_t>) override {
    return std::make_unique<ArrivedRows>();
  }
  void barrier() override {}
  std::unique_ptr<Comm> split(int, int) override { return make_single_comm(); }
  std::unique_ptr<Comm> split_node() override { return make_single_comm(); }
  std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) override {
    return std::make_unique<SingleWindow>(bytes);
  }
  [[noreturn]] void abort(int exit_code) override { std::exit(exit_code); }

 private:
  static void copy(Tensor in, Tensor out) {
    require(in.bytes() == out.bytes(), "copying {} into {}", in.shape, out.shape);
    if (in.bytes() > 0) std::memcpy(out.data, in.data, static_cast<std::size_t>(in.bytes()));
  }
};

template <class T>
T reduce_value(Comm& comm, T value, Reduce reduce) {
  comm.all_reduce(tensor_of(&value, {1}), reduce, host_stream());
  return value;
}

std::vector<std::int64_t> gather_sizes(Comm& comm, const std::string& text) {
  std::int64_t size = std::ssize(text);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(comm.size()));
  comm.all_gather(tensor_of(&size, {1}), tensor_of(sizes.data(), {comm.size()}), host_stream());
  return sizes;
}

// The texts have different lengths, so this exchanges rows of one byte. Returns [i]: what rank i
// sent.
std::vector<std::string> exchange_texts(Comm& comm, std::string mine,
                                        const std::vector<std::int64_t>& send,
                                        const std::vector<std::int64_t>& receive) {
  const auto total = std::accumulate(receive.begin(), receive.end(), std::int64_t{0});
  std::string all(static_cast<std::size_t>(total), '\0');
  comm.all_to_all_rows({mine.data(), {std::ssize(mine), 1}, DType::u8, Device::cpu()}, send,
                       {all.data(), {std::ssize(all), 1}, DType::u8, Device::cpu()}, receive,
                       host_stream());
  std::vector<std::string> texts;
  std::size_t begin = 0;
  for (const std::int64_t bytes : receive) {
    texts.push_back(all.substr(begin, static_cast<std::size_t>(bytes)));
    begin += static_cast<std::size_t>(bytes);
  }
  return texts;
}

}  // namespace

std::unique_ptr<Comm> make_single_comm() { return std::make_unique<SingleComm>(); }

std::int64_t reduce_one(Comm& comm, std::int64_t value, Reduce reduce) {
  return reduce_value(comm, value, reduce);
}
double reduce_one(Comm& comm, double value, Reduce reduce) {
  return reduce_value(comm, value, reduce);
}

std::string broadcast_text(Comm& comm, const std::string& text, int root) {
  std::int64_t size = std::ssize(text);
  comm.broadcast(tensor_of(&size, {1}), root, host_stream());
  std::string result =
      comm.rank() == root ? text : std::string(static_cast<std::size_t>(size), '\0');
  comm.broadcast({result.data(), {size}, DType::u8, Device::cpu()}, root, host_stream());
  return result;
}

std::vector<std::string> all_gather_text(Comm& comm, const std::string& text) {
  // Every rank sends its text to every rank.
  std::string mine;
  for (int i = 0; i < comm.size(); ++i) mine += text;
  const std::vector<std::int64_t> send(static_cast<std::size_t>(comm.size()), std::ssize(text));
  return exchange_texts(comm, std::move(mine), send, gather_sizes(comm, text));
}

std::vector<std::string> gather_text(Comm& comm, const std::string& text) {
  std::vector<std::int64_t> send(static_cast<std::size_t>(comm.size()), 0);
  send.front() = std::ssize(text);
  std::vector<std::int64_t> receive = gather_sizes(comm, text);
  if (comm.rank() != 0) receive.assign(receive.size(), 0);
  std::vector<std::string> texts = exchange_texts(comm, text, send, receive);
  if (comm.rank() != 0) texts.clear();
  return texts;
}

}  // namespace switchyard
