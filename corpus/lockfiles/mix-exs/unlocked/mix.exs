defmodule App.MixProject do
  use Mix.Project

  def application do
    [mod: {App, []}, extra_applications: [:logger]]
  end

  defp deps do
    [
      {:phoenix, "~> 1.7"},
      {:exact, "1.2.3"},
      {:also, "== 2.0.0", only: [:dev, :test]},
      {:repo, git: "https://git.example/o/r.git", ref: "0123456789abcdef0123456789abcdef01234567"},
      {:hub, github: "o/hub"},
      {:near, path: "../near"},
      {:credo, "~> 1.6", only: :test, runtime: false},
      {:ok, :value},
      {:sibling, in_umbrella: true}
    ]
  end
end
