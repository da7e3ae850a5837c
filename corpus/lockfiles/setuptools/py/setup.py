from setuptools import setup
setup(
    name="app",
    install_requires=[
        "requests>=2.0",  # "no"
        'flask==2.2.5',
    ],
    setup_requires=read("x"),
)
